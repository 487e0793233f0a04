"""QS201: the same question is asked twice within one act."""

from collections import defaultdict
from collections.abc import Iterator

from querysafe.analysis.cures.attempt import attempt
from querysafe.analysis.labels import label_of
from querysafe.analysis.loops import loops_of
from querysafe.analysis.rules.loop_invariant import hoisted
from querysafe.analysis.subject import READS, WRITES, Subject, calls_of, sites_of
from querysafe.analysis.values import is_fresh, parameters_key, tables_of
from querysafe.finding import Finding, Rule, Severity
from querysafe.query import CapturedQuery, Loading

RULE = Rule(
    id="QS201",
    name="duplicate-read",
    severity=Severity.WARNING,
    summary="the same question is asked twice",
    condition="One request, or one call that a test makes, sends the same SELECT with the same "
    "parameters twice, and nothing is written, committed or rolled back in between. What two "
    "screens or two calls of a test read, and the test's own assertions, are no finding.",
    effect="A round trip that brings nothing new.",
    cure="Keep the first answer and pass it on.",
)


def find(subject: Subject) -> Iterator[Finding]:
    """Group equal reads of one act until something writes."""
    if not subject.repeats:
        return
    groups: dict[tuple[object, ...], list[CapturedQuery]] = defaultdict(list)
    eras: dict[str, int] = defaultdict(int)
    lines: dict[str, set[int]] = defaultdict(set)
    for query in subject.queries:
        lines[query.statement].add(id(query.stack))
    if all(len(each) < 2 for each in lines.values()):
        return
    for query in subject.queries:
        if query.kind in WRITES:
            for table in tables_of(query.statement):
                eras[table] += 1
            continue
        if (
            query.kind not in READS
            or len(lines[query.statement]) < 2
            or not _is_asked(subject, query)
        ):
            continue
        tables = tables_of(query.statement)
        era = tuple(sorted((table, eras[table]) for table in tables))
        key = (
            query.statement,
            parameters_key(query),
            era,
            query.context.transaction if query.context.transaction else 0,
            query.context.database,
            query.context.session,
            _act(subject, query),
        )
        groups[key].append(query)
    for members in groups.values():
        stacks = {id(query.stack) for query in members}
        if len(members) < subject.limits.threshold or len(stacks) < 2:
            continue
        if any(_shares_loop(members)):
            continue
        yield _finding(subject, members)


def _is_asked(subject: Subject, query: CapturedQuery) -> bool:
    return (
        query.orm_cause.loading in (Loading.STATEMENT, Loading.CORE)
        and query.error is None
        and bool(tables_of(query.statement))
        and not is_fresh(query.statement)
        and not subject.is_of_unit_of_work(query)
        and not (subject.is_direct(query) and subject.is_asserted(query))
    )


def _act(subject: Subject, query: CapturedQuery) -> object:
    return ("test",) if subject.is_direct(query) else subject.act_of(query)


def _shares_loop(queries: list[CapturedQuery]) -> Iterator[bool]:
    keys = [{loop.key for loop in loops_of(query)} for query in queries]
    for index, mine in enumerate(keys):
        for other in keys[index + 1 :]:
            yield bool(mine & other)


def _finding(subject: Subject, queries: list[CapturedQuery]) -> Finding:
    first = queries[0]
    label, count = label_of(first), calls_of(queries)
    return Finding(
        nodeid=subject.nodeid,
        rule=RULE,
        label=label,
        count=count,
        message=f"{label} is read {count} times with the same parameters",
        call_sites=sites_of(reversed(queries)),
        parent=first.call_site,
        cure=attempt(hoisted, first),
        advice="keep the first answer and pass it on",
        statement=first.statement,
        fingerprint=first.fingerprint,
        graphql_path=first.context.graphql_path,
        request=first.context.request_name,
        seconds=sum(query.duration_seconds for query in queries),
        queries=tuple(query.index for query in queries),
    )
