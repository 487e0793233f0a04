"""A summary for a pull request or a job's summary page, in GitHub's Markdown."""

from querysafe.finding import Finding, Verdict
from querysafe.recording import RunResult
from querysafe.report.grouping import Group, groups, plural
from querysafe.report.printable import printable
from querysafe.report.text import shortened

LIMIT = 50


def render(run: RunResult, *, top: int = LIMIT) -> str:
    """Totals, then each finding with its cure folded, then the busiest tests.

    ``top`` is how many findings are shown; 0 shows all.
    """
    grouped = groups(f for f in run.findings if f.verdict in (Verdict.NEW, Verdict.WORSE))
    queries = sum(test.queries for test in run.tests)
    seconds = sum(test.database_seconds for test in run.tests)
    lines = [
        f"## querysafe: {plural(len(grouped), 'finding')}",
        "",
        f"{plural(queries, 'query')} in {plural(len(run.tests), 'test')}, "
        f"{seconds:,.2f} s in the database.",
        "",
    ]
    accepted = sum(1 for f in run.findings if f.verdict is Verdict.ACCEPTED)
    suppressed = sum(1 for f in run.findings if f.verdict is Verdict.SUPPRESSED)
    if accepted or suppressed:
        lines += [f"{accepted} accepted by the baseline, {suppressed} suppressed.", ""]
    shown = grouped[:top] if top else grouped
    if grouped:
        lines += ["| rule | what | where | rows from | tests |", "| --- | --- | --- | --- | ---: |"]
        lines += [_row(group) for group in shown]
        if len(grouped) > len(shown):
            lines.append(f"| … | {len(grouped) - len(shown):,} more | | | |")
        lines.append("")
        for group in shown:
            lines += _details(group.worst)
    busiest = sorted(run.tests, key=lambda test: (-test.queries, test.nodeid))[:5]
    if busiest and busiest[0].queries:
        lines += ["| busiest test | queries | database ms |", "| --- | ---: | ---: |"]
        lines += [
            f"| {_code(test.nodeid, cell=True)} | {test.queries:,} | {test.database_seconds * 1000:,.1f} |"
            for test in busiest
            if test.queries
        ]
        lines.append("")
    for title, told in (
        ("Stale in the baseline", run.stale),
        ("Better than accepted", run.improved),
    ):
        if told:
            lines += [f"**{title}**", "", *(f"- {_code(line)}" for line in told[:LIMIT])]
            if len(told) > LIMIT:
                lines.append(f"- … and {len(told) - LIMIT:,} more")
            lines.append("")
    lines += [f"{_text(note)}\n" for note in run.notes]
    return "\n".join(lines).rstrip("\n") + "\n"


def _row(group: Group) -> str:
    worst = group.worst
    site = _code(str(worst.call_sites[0]), cell=True) if worst.call_sites else ""
    parent = _code(str(worst.parent), cell=True) if worst.parent else ""
    return (
        f"| {worst.rule.id} {_text(worst.rule.name)} | {_text(worst.message)} "
        f"| {site} | {parent} | {len(group.tests)} |"
    )


def _details(finding: Finding) -> list[str]:
    if not finding.cure:
        return []
    fence = "```"
    while fence in finding.code:
        fence += "`"
    return [
        "<details>",
        f"<summary>{finding.rule.id} {_html(finding.label)}</summary>",
        "",
        f"{fence}python",
        *map(printable, finding.code.split("\n")),
        fence,
        "",
        *([_code(shortened(finding.statement)), ""] if finding.statement else []),
        "</details>",
        "",
    ]


def _text(text: str) -> str:
    """Words in which nothing is markup, and nobody is mentioned."""
    escaped = "".join(f"\\{mark}" if mark in r"\`*_{}[]<>#|~$!" else mark for mark in text)
    return _quiet(_flat(escaped.replace("&", "&amp;")))


def _flat(text: str) -> str:
    return " ".join(printable(text).split())


def _quiet(text: str) -> str:
    """A text in which ``@name`` notifies nobody: a zero-width space follows the sign."""
    return text.replace("@", "@\u200b")


def _code(text: str, *, cell: bool = False) -> str:
    """A code span that survives backquotes, and pipes within a cell of a table."""
    flat = _flat(text)
    if cell:
        flat = flat.replace("|", "\\|")
    fence = "`"
    while fence in flat:
        fence += "`"
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{pad}{flat}{pad}{fence}"


def _html(text: str) -> str:
    return _quiet(_flat(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
