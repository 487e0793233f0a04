"""QS301 to QS303: limits that a team sets on queries and on database time."""

from collections.abc import Iterator

from querysafe.analysis.labels import label_of
from querysafe.analysis.subject import Subject, calls_of, sites_of
from querysafe.finding import Finding, Rule, Severity
from querysafe.query import CapturedQuery

BUDGET = Rule(
    id="QS301",
    name="budget",
    severity=Severity.ERROR,
    summary="a test runs more queries than its budget allows",
    condition="The call phase of a test sends more round trips than the marker's or the "
    "setting's `max_queries`. Set-up and tear-down do not count.",
    effect="The budget was written because this path is hot.",
    cure="Read the queries in the report; raise the budget only with a reason.",
)
TIME_BUDGET = Rule(
    id="QS302",
    name="time-budget",
    severity=Severity.ERROR,
    summary="a test waits longer for the database than its time budget allows",
    condition="The call phase of a test spends more seconds in the database than the marker's "
    "or the setting's `max_seconds`.",
    effect="The budget was written because this path is hot.",
    cure="Look at the slowest queries first.",
)
SLOW = Rule(
    id="QS303",
    name="slow",
    severity=Severity.WARNING,
    summary="one query takes long even on the rows of a test",
    condition="A single round trip takes `slow_seconds` (0.5 s) or more.",
    effect="What is slow on a test's rows will not end on production's.",
    cure="Look at its plan: `EXPLAIN (ANALYZE, BUFFERS)`.",
)


def find_budget(subject: Subject) -> Iterator[Finding]:
    """Compare the number of round trips with the budget."""
    limit = subject.limits.max_queries
    if limit is None:
        return
    queries = _of_call(subject)
    count = calls_of(queries)
    if count > limit:
        yield _whole(
            subject, BUDGET, queries, count, f"{count} queries, {limit} allowed", f"{limit} queries"
        )


def find_time_budget(subject: Subject) -> Iterator[Finding]:
    """Compare the time in the database with the budget."""
    limit = subject.limits.max_seconds
    if limit is None:
        return
    queries = _of_call(subject)
    seconds = sum(query.duration_seconds for query in queries)
    if seconds > limit:
        yield _whole(
            subject,
            TIME_BUDGET,
            queries,
            calls_of(queries),
            f"{seconds:.3f} s in the database, {limit:g} s allowed",
            f"{limit:g} seconds",
        )


def find_slow(subject: Subject) -> Iterator[Finding]:
    """Report each slow statement once."""
    told: dict[str, list[CapturedQuery]] = {}
    for query in subject.queries:
        if query.duration_seconds / query.calls >= subject.limits.slow_seconds:
            told.setdefault(query.fingerprint, []).append(query)
    for queries in told.values():
        worst = max(query.duration_seconds for query in queries)
        yield Finding(
            nodeid=subject.nodeid,
            rule=SLOW,
            label=label_of(queries[0]),
            count=calls_of(queries),
            message=f"{label_of(queries[0])} took {worst:.3f} s",
            call_sites=sites_of(queries),
            parent=queries[0].call_site,
            cure=f"connection.execute(text({'EXPLAIN ' + queries[0].statement!r}))",
            advice="look at its plan",
            statement=queries[0].statement,
            fingerprint=queries[0].fingerprint,
            request=queries[0].context.request_name,
            seconds=sum(query.duration_seconds for query in queries),
            queries=tuple(query.index for query in queries),
        )


def _of_call(subject: Subject) -> list[CapturedQuery]:
    return [query for query in subject.recording if query.context.phase in ("call", "")]


def _whole(
    subject: Subject,
    rule: Rule,
    queries: list[CapturedQuery],
    count: int,
    message: str,
    label: str,
) -> Finding:
    return Finding(
        nodeid=subject.nodeid,
        rule=rule,
        label=label,
        count=count,
        message=message,
        call_sites=sites_of(queries)[:5],
        advice=rule.cure,
        seconds=sum(query.duration_seconds for query in queries),
        queries=tuple(query.index for query in queries),
    )
