"""QS102: columns of objects already loaded are loaded row by row."""

from collections import defaultdict
from collections.abc import Iterator

from querysafe.analysis import purposes
from querysafe.analysis.cures import columns
from querysafe.analysis.cures.attempt import attempt
from querysafe.analysis.cures.eager import root_of
from querysafe.analysis.loops import loops_of
from querysafe.analysis.subject import Subject, calls_of, sites_of
from querysafe.finding import Finding, Rule, Severity
from querysafe.query import CapturedQuery, Loading

RULE = Rule(
    id="QS102",
    name="n-plus-one-column",
    severity=Severity.ERROR,
    summary="columns are loaded row by row",
    condition="Deferred columns, columns expired by a commit, columns of a subclass, or "
    "`Session.refresh`, for two or more objects of one query or one loop.",
    effect="One query for each row, although the row was here already.",
    cure="`undefer` what is read, `expire_on_commit=False` where rows are read after a commit, "
    "`selectin_polymorphic` for columns of subclasses, one `SELECT … IN` for many refreshes.",
)


def find(subject: Subject) -> Iterator[Finding]:
    """Group column loads by reason, and by the query or loop that they follow."""
    families: dict[tuple[object, ...], list[CapturedQuery]] = defaultdict(list)
    relationships = {
        _line(query) for query in subject.queries if query.orm_cause.loading is Loading.LAZY
    }
    for query in subject.queries:
        cause = query.orm_cause
        if cause.loading is not Loading.COLUMN:
            continue
        if cause.reason == "refresh" and _line(query) in relationships:
            continue  # ``refresh(order, ["lines"])``: the relationship is the finding
        loop = subject.loop_of(query)
        if (
            cause.reason in ("expired", "refresh")
            and subject.is_direct(query)
            and (subject.is_asserted(query) or (loop is not None and loop.is_literal))
            and not (loop is not None and subject.comes_from_query(loop))
        ):
            continue
        root = root_of(query, subject.by_index)
        read = cause.columns if cause.reason == "deferred" else ()
        kind = "" if cause.reason == "polymorphic" else cause.entity
        if root is not None and cause.reason in ("deferred", "polymorphic"):
            key: tuple[object, ...] = (cause.reason, kind, read, root.index)
        elif loop is not None:
            key = (cause.reason, kind, read, loop.key)
        else:
            continue
        families[*key, query.context.request].append(query)
    for members in families.values():
        if len(members) >= subject.limits.threshold and _repeats(subject, members):
            yield _finding(subject, members)


def _line(query: CapturedQuery) -> object:
    return (query.stack[0].file, query.stack[0].instruction, query.call_site) if query.stack else 0


def _repeats(subject: Subject, queries: list[CapturedQuery]) -> bool:
    owners = len({query.orm_cause.owner for query in queries})
    if owners < 2 and (queries[0].orm_cause.reason != "refresh" or _is_watched(subject, queries)):
        return False
    return len({id(query.stack) for query in queries}) < len(queries) or any(
        loops_of(query) for query in queries
    )


def _is_watched(subject: Subject, queries: list[CapturedQuery]) -> bool:
    """Whether one object is refreshed until it says what is waited for."""
    loop = subject.loop_of(queries[0])
    return loop is not None and (loop.is_while or purposes.polls(loop))


def _finding(subject: Subject, queries: list[CapturedQuery]) -> Finding:
    first = queries[0]
    cause = first.orm_cause
    root = root_of(first, subject.by_index)
    names = ", ".join(cause.columns)
    label = f"{cause.entity}.{names}" if cause.reason == "deferred" else cause.entity
    if cause.reason == "polymorphic":
        label = ", ".join(sorted({query.orm_cause.entity for query in queries}))
    count = calls_of(queries)
    return Finding(
        nodeid=subject.nodeid,
        rule=RULE,
        label=label,
        count=count,
        message=f"{_WORDS[cause.reason].format(label=label)}: {count} queries",
        call_sites=sites_of(queries),
        parent=first.parent if root is None else (root.call_site or root.context.endpoint),
        cure=attempt(columns.cure, subject, queries, root),
        advice=_ADVICE[cause.reason],
        statement=first.statement,
        fingerprint=first.fingerprint,
        graphql_path=first.context.graphql_path,
        request=first.context.request_name,
        seconds=sum(query.duration_seconds for query in queries),
        queries=tuple(query.index for query in queries),
    )


_WORDS = {
    "deferred": "{label} is deferred and loaded row by row",
    "expired": "{label} objects expired and are loaded again one by one",
    "refresh": "{label} objects are refreshed one by one",
    "polymorphic": "columns of the subclass {label} are loaded row by row",
}
_ADVICE = {
    "deferred": "load the deferred column with its rows where it is read",
    "expired": "keep what was loaded when the transaction ends, or read it before the commit",
    "refresh": "read all of them again in one query, or drop a refresh that is not needed",
    "polymorphic": "load the columns of the subclasses with the rows of their base class",
}
