"""A summary for a pull request or a job's summary page, in GitHub's Markdown."""

from querysafe.finding import Finding, Verdict
from querysafe.recording import RunResult
from querysafe.report.grouping import Group, groups, plural
from querysafe.report.text import shortened

LIMIT = 50


def render(run: RunResult) -> str:
    """Totals, then each finding with its cure folded, then the busiest tests."""
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
    if grouped:
        lines += ["| rule | what | where | rows from | tests |", "| --- | --- | --- | --- | ---: |"]
        lines += [_row(group) for group in grouped[:LIMIT]]
        if len(grouped) > LIMIT:
            lines.append(f"| … | {len(grouped) - LIMIT} more | | | |")
        lines.append("")
        for group in grouped[:LIMIT]:
            lines += _details(group.worst)
    busiest = sorted(run.tests, key=lambda test: (-test.queries, test.nodeid))[:5]
    if busiest and busiest[0].queries:
        lines += ["| busiest test | queries | database ms |", "| --- | ---: | ---: |"]
        lines += [
            f"| {_code(test.nodeid)} | {test.queries:,} | {test.database_seconds * 1000:,.1f} |"
            for test in busiest
            if test.queries
        ]
        lines.append("")
    for title, told in (
        ("Stale in the baseline", run.stale),
        ("Better than accepted", run.improved),
    ):
        if told:
            lines += [f"**{title}**", "", *(f"- {_code(line)}" for line in told[:LIMIT]), ""]
    lines += [f"{_text(note)}\n" for note in run.notes]
    return "\n".join(lines).rstrip("\n") + "\n"


def _row(group: Group) -> str:
    worst = group.worst
    site = _code(str(worst.call_sites[0])) if worst.call_sites else ""
    parent = _code(str(worst.parent)) if worst.parent else ""
    return (
        f"| {worst.rule.id} {_text(worst.rule.name)} | {_text(worst.message)} "
        f"| {site} | {parent} | {len(group.tests)} |"
    )


def _details(finding: Finding) -> list[str]:
    if not finding.cure:
        return []
    fence = "```"
    while fence in finding.cure:
        fence += "`"
    return [
        "<details>",
        f"<summary>{finding.rule.id} {_html(finding.label)}</summary>",
        "",
        f"{fence}python",
        finding.cure,
        fence,
        "",
        *([_code(shortened(finding.statement)), ""] if finding.statement else []),
        "</details>",
        "",
    ]


def _text(text: str) -> str:
    escaped = "".join(f"\\{mark}" if mark in r"\`*_{}[]<>#|~" else mark for mark in text)
    return " ".join(escaped.split())


def _code(text: str) -> str:
    """A code span that survives backquotes, and pipes within a table."""
    flat = " ".join(text.split()).replace("|", "\\|")
    fence = "`"
    while fence in flat:
        fence += "`"
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{pad}{flat}{pad}{fence}"


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
