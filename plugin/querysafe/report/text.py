"""The report of the terminal: the diagnosis first, then where, then what to paste."""

from collections.abc import Collection, Iterable, Sequence

from rich.console import Console
from rich.text import Text

from querysafe.finding import Finding, Severity, Verdict
from querysafe.recording import RunResult, TestResult
from querysafe.report.console import terminal
from querysafe.report.grouping import Group, groups, plural
from querysafe.report.printable import printable

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold"}
_LABEL = 9
_SHAPE = 160


def render(
    run: RunResult,
    *,
    width: int = 100,
    color: bool = False,
    top: int = 10,
    all_option: str = "--querysafe-top=0",
    told: Collection[tuple[str, str]] = (),
) -> str:
    """The whole report; "" when no test sent a query and there is nothing to say.

    ``top`` is how many findings and tests are shown; 0 shows all, and so does
    ``all_option``, as the reader is told. Lines are never wrapped: a cure is for pasting.
    With ``color``, statements are cut to the ``width`` of the terminal. ``told`` holds the test
    and the identity of each finding that a failure has shown: it is not shown again.
    """
    busy = [test for test in run.tests if test.queries]
    if not busy and not (run.findings or run.notes or run.stale):
        return ""
    console, out = terminal(width, color=color)
    open_findings = [f for f in run.findings if f.verdict in (Verdict.NEW, Verdict.WORSE)]
    grouped = groups(open_findings)
    untold = [
        group
        for group in grouped
        if all((each.nodeid, each.identity) not in told for each in group.findings)
    ]
    shown = untold[:top] if top else untold
    for group in shown:
        _say(console, group)
    if len(untold) > len(shown):
        console.print(
            f"… and {plural(len(untold) - len(shown), 'more finding')} ({all_option} shows all)\n",
            style="dim",
        )
    if len(grouped) > len(untold):
        above = plural(len(grouped) - len(untold), "finding")
        console.print(f"{above} told above, where the tests fail\n", style="dim")
    _busiest(console, busy, top)
    _lines(console, "Stale in the baseline: no run shows it any more", run.stale, top)
    _lines(console, "Better than the baseline: --querysafe-update tightens it", run.improved, top)
    for note in run.notes:
        console.print(Text(printable(note)))
    console.print(_summary(run, grouped))
    return out.getvalue()


def one_test(findings: Sequence[Finding]) -> str:
    """Why one test fails in mode ``check``."""
    console, out = terminal(100, color=False)
    for group in groups(findings):
        _say(console, group, tests=False)
    console.print(
        "Cure it; or accept it: @pytest.mark.querysafe(allow=[...], reason=...), "
        "or pytest --querysafe-update"
    )
    return out.getvalue()


def listed(findings: Sequence[Finding], *, width: int = 100, color: bool = False) -> str:
    """Findings that are of no test, each with its cure."""
    console, out = terminal(width, color=color)
    for group in groups(findings):
        _say(console, group, tests=False)
    return out.getvalue()


def _say(console: Console, group: Group, *, tests: bool = True) -> None:
    worst = group.worst
    head = Text()
    head.append(f"{worst.rule.id} {worst.rule.name}", style=_STYLES[worst.severity])
    head.append(f"  {printable(worst.message)}", style="bold")
    if worst.verdict is Verdict.WORSE and worst.accepted_count is not None:
        head.append(f" ({worst.accepted_count} accepted)", style="bold red")
    console.print(head)
    for number, site in enumerate(worst.call_sites[:3]):
        _row(console, "at" if number == 0 else "", f"{site} in {site.function}")
    if len(worst.call_sites) > 3:
        _row(console, "", f"… and {plural(len(worst.call_sites) - 3, 'more line')}")
    if worst.parent is not None and worst.parent not in worst.call_sites[:1]:
        _row(console, "rows from", f"{worst.parent} in {worst.parent.function}")
    if worst.request:
        _row(console, "request", worst.request)
    if worst.graphql_path:
        _row(console, "GraphQL", worst.graphql_path)
    if worst.statement:
        room = min(_SHAPE, console.width - _LABEL - 3) if console.is_terminal else _SHAPE
        _row(console, "sends", shortened(worst.statement, room), style="dim")
    if worst.cure:
        for number, line in enumerate(worst.imports):
            _row(console, "import" if number == 0 else "", line, style="green")
        for number, line in enumerate(worst.cure.splitlines()):
            _row(console, "cure" if number == 0 else "", line, style="green")
    elif worst.advice:
        _row(console, "cure", worst.advice)
    if tests and group.tests:
        more = f", and {len(group.tests) - 1} more" if len(group.tests) > 1 else ""
        _row(console, "test", f"{group.tests[0]}{more}", style="dim")
    console.print()


def _row(console: Console, label: str, value: str, style: str = "") -> None:
    line = Text(f"  {label:<{_LABEL}} ", style="dim")
    line.append(printable(value), style=style or "default")
    console.print(line)


def shortened(statement: str, limit: int = _SHAPE) -> str:
    """A statement on one line: what it reads matters more than which columns."""
    text = " ".join(statement.split())
    if len(text) <= limit:
        return text
    head, found, rest = text.partition(" FROM ")
    if found and text.upper().startswith("SELECT"):
        text = f"{head[:40].rstrip()}… FROM {rest}" if len(head) > 42 else text
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _busiest(console: Console, tests: Sequence[TestResult], top: int) -> None:
    ranked = sorted(tests, key=lambda test: (-test.queries, -test.database_seconds, test.nodeid))
    shown = [test for test in (ranked[: min(top, 5)] if top else ranked) if test.queries > 1]
    if not shown:
        return
    console.print(Text("Busiest tests", style="bold"))
    for test in shown:
        console.print(
            Text(f"  {test.queries:>6,} queries {test.database_seconds * 1000:>9,.1f} ms  ").append(
                printable(test.nodeid)
            )
        )
    console.print()


def _lines(console: Console, title: str, lines: Iterable[str], top: int) -> None:
    told = list(lines)
    if not told:
        return
    console.print(Text(title, style="bold"))
    for line in told[:top] if top else told:
        console.print(Text(f"  {printable(line)}"))
    if top and len(told) > top:
        console.print(f"  … and {len(told) - top} more", style="dim")
    console.print()


def _summary(run: RunResult, grouped: Sequence[Group]) -> Text:
    queries = sum(test.queries for test in run.tests)
    seconds = sum(test.database_seconds for test in run.tests)
    accepted = sum(1 for f in run.findings if f.verdict is Verdict.ACCEPTED)
    suppressed = sum(1 for f in run.findings if f.verdict is Verdict.SUPPRESSED)
    tests = {nodeid for group in grouped for nodeid in group.tests}
    parts = [
        plural(len(grouped), "finding") + (f" in {plural(len(tests), 'test')}" if tests else "")
    ]
    if accepted:
        parts.append(f"{accepted:,} accepted by the baseline")
    if suppressed:
        parts.append(f"{suppressed:,} suppressed")
    parts.append(f"{plural(queries, 'query')} in {plural(len(run.tests), 'test')}")
    parts.append(f"{seconds:,.2f} s in the database")
    return Text(", ".join(parts), style="bold red" if grouped else "bold green")
