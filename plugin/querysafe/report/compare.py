"""A comparison of two runs in words: text for a terminal, Markdown for a pull request, JSON."""

import io
from collections.abc import Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from querysafe.baseline import Comparison
from querysafe.baseline.comparing import Change, FindingChange, SiteChange, TestChange

ROWS = 50
"""Rows of a Markdown table and names in a list; more are counted."""
_STYLES = {Change.WORSE: "red", Change.BETTER: "green", Change.SAME: ""}
_SIGNS = {Change.WORSE: "🔴 worse", Change.BETTER: "🟢 better", Change.SAME: "changed"}
_ORDER = {Change.WORSE: 0, Change.BETTER: 1, Change.SAME: 2}


def summary(comparison: Comparison) -> str:
    """Say in one sentence what came of it."""
    worse, better = len(comparison.worse), len(comparison.better)
    other = len(comparison.tests) - worse - better
    same = comparison.compared - len(comparison.tests)
    new = sum(finding.is_worse for finding in comparison.new_findings)
    parts = [f"{_tests(worse)} got worse", f"{better} better"]
    parts += [f"{other} slightly changed"] if other else []
    parts += [f"{same} unchanged"]
    parts += [f"{_count(new, 'finding')} in tests that BASE does not have"] if new else []
    return ", ".join(parts) + "."


def text(comparison: Comparison, *, width: int = 100, color: bool = False) -> str:
    """Render for a terminal: the sentence, then call sites, then tests."""
    parts: list[RenderableType] = [Text(summary(comparison))]
    if comparison.sites:
        parts += ["", _site_table(comparison.sites)]
    if comparison.tests:
        parts += ["", _test_table(_sorted(comparison.tests))]
    parts += [Text(f"\n{line}") for line in (*_plans(comparison), *_lists(comparison))]
    console = Console(
        file=io.StringIO(), width=width, force_terminal=color, no_color=not color, highlight=False
    )
    with console.capture() as capture:
        console.print(Group(*parts))
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def markdown(comparison: Comparison) -> str:
    """Render for the description or a comment of a pull request."""
    mark = "🔴" if comparison.is_worse else "🟢"
    parts = [f"### {mark} Database queries: {summary(comparison)}\n"]
    if comparison.sites:
        head = ("Rule", "Finding", "Call site", "Base", "Head", "Tests")
        parts.append(_markdown_table(head, [_site_cells(site) for site in comparison.sites]))
    if comparison.tests:
        rows = [
            (_SIGNS[test.change], _code(test.nodeid), _queries(test), _seconds(test))
            for test in _sorted(comparison.tests)
        ]
        table = _markdown_table(("", "Test", "Queries", "Database time"), rows)
        parts.append(f"<details><summary>Per test</summary>\n\n{table}\n</details>\n")
    if comparison.plans:
        plans = [
            (_code(each.text), _code(each.before), _code(each.after)) for each in comparison.plans
        ]
        table = _markdown_table(("Statement", "Plan before", "Plan after"), plans)
        parts.append(
            f"<details><summary>{_count(len(plans), 'plan')} changed</summary>\n\n{table}\n</details>\n"
        )
    parts += [f"{line}\n" for line in _lists(comparison)]
    return "\n".join(parts)


def to_json(comparison: Comparison) -> dict[str, Any]:
    """Render as JSON values; ``worse`` is what the exit status follows."""
    return {
        "schema": 1,
        "worse": comparison.is_worse,
        "compared": comparison.compared,
        "tests": [_test_json(test) for test in comparison.tests],
        "call_sites": [
            {
                "rule": site.rule,
                "label": site.label,
                "where": site.where,
                "before": site.before,
                "after": site.after,
                "tests": site.tests,
                "worse": site.is_worse,
            }
            for site in comparison.sites
        ],
        "new_findings": [_finding_json(finding) for finding in comparison.new_findings],
        "plans": [
            {
                "fingerprint": each.fingerprint,
                "text": each.text,
                "before": each.before,
                "after": each.after,
                "tests": list(each.tests),
            }
            for each in comparison.plans
        ],
        "only_base": list(comparison.only_base),
        "only_head": list(comparison.only_head),
        "unfinished": list(comparison.unfinished),
    }


def _site_table(sites: Sequence[SiteChange]) -> Table:
    table = Table("Rule", "Finding", "Call site", title="By call site", title_justify="left")
    for column in ("Base", "Head", "Tests"):
        table.add_column(column, justify="right")
    for site in sites:
        style = "red" if site.is_worse else "green" if site.after < site.before else ""
        cells = (site.rule, site.label, site.where, site.before, site.after, site.tests)
        table.add_row(*(Text(str(cell)) for cell in cells), style=style)
    return table


def _test_table(tests: Sequence[TestChange]) -> Table:
    table = Table("", "Test", title="By test", title_justify="left")
    for column in ("Queries", "Database time"):
        table.add_column(column, justify="right", no_wrap=True)
    for test in tests:
        change = test.change
        cells = (_word(change), test.nodeid, _queries(test), _seconds(test))
        table.add_row(*(Text(cell) for cell in cells), style=_STYLES[change])
        for finding in test.findings:
            table.add_row("", Text(f"  {_finding_line(finding)}", style=_STYLES[change]), "", "")
    return table


def _finding_line(finding: FindingChange) -> str:
    counts = f"{finding.before} → {finding.after}"
    aside = "" if finding.fails else " (a note)"
    return f"{finding.rule} {finding.label}: {counts} {finding.change.value}{aside}"


def _plans(comparison: Comparison) -> list[str]:
    return [
        f"The plan changed: {' '.join(each.text.split())}\n  before  {each.before}\n"
        f"  after   {each.after}"
        for each in comparison.plans
    ]


def _lists(comparison: Comparison) -> list[str]:
    lists = {
        "Only in HEAD": comparison.only_head,
        "Only in BASE": comparison.only_base,
        "Not compared, as they did not pass on both sides": comparison.unfinished,
    }
    return [f"{title}: {_names(names)}" for title, names in lists.items() if names]


def _names(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _sorted(tests: Sequence[TestChange]) -> list[TestChange]:
    def weight(test: TestChange) -> tuple[int, int, str]:
        more = (test.queries_after or 0) - (test.queries_before or 0)
        return _ORDER[test.change], -abs(more), test.nodeid

    return sorted(tests, key=weight)


def _word(change: Change) -> str:
    return "" if change is Change.SAME else change.value


def _queries(test: TestChange) -> str:
    return f"{_known(test.queries_before)} → {_known(test.queries_after)}"


def _known(number: int | None) -> str:
    return "?" if number is None else str(number)


def _seconds(test: TestChange) -> str:
    before, after = test.seconds_before, test.seconds_after
    if before is None or after is None:
        return ""
    return f"{before * 1000:.1f} → {after * 1000:.1f} ms"


def _markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows[:ROWS])]
    if len(rows) > ROWS:
        lines.append(f"\n… and {len(rows) - ROWS} more.")
    return "\n".join(lines) + "\n"


def _site_cells(site: SiteChange) -> tuple[str, ...]:
    after = f"**{site.after}**" if site.is_worse else str(site.after)
    where = (site.rule, _code(site.label), _code(site.where))
    return (*where, str(site.before), after, str(site.tests))


def _code(value: str) -> str:
    return f"`{' '.join(value.split())}`".replace("|", "\\|") if value else ""


def _tests(number: int) -> str:
    return _count(number, "test")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _test_json(test: TestChange) -> dict[str, Any]:
    return {
        "nodeid": test.nodeid,
        "change": test.change.value,
        "queries": {"before": test.queries_before, "after": test.queries_after},
        "database_seconds": {"before": test.seconds_before, "after": test.seconds_after},
        "findings": [_finding_json(finding) for finding in test.findings],
    }


def _finding_json(finding: FindingChange) -> dict[str, Any]:
    return {
        "nodeid": finding.nodeid,
        "rule": finding.rule,
        "label": finding.label,
        "where": finding.where,
        "change": finding.change.value,
        "before": finding.before,
        "after": finding.after,
        "worse": finding.is_worse,
    }
