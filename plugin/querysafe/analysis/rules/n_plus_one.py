"""QS101: a relationship is loaded row by row."""

from collections import defaultdict
from collections.abc import Iterator

from querysafe.analysis.cures import columns, eager
from querysafe.analysis.cures.attempt import attempt
from querysafe.analysis.loops import loops_of
from querysafe.analysis.subject import Subject, calls_of, sites_of
from querysafe.finding import Finding, Rule, Severity
from querysafe.query import CapturedQuery, Loading

RULE = Rule(
    id="QS101",
    name="n-plus-one",
    severity=Severity.ERROR,
    summary="a relationship is loaded row by row",
    condition="The same relationship is lazily loaded for two or more objects that one query "
    "loaded, or that a loop visits. One object's relationship is no finding, nor is what "
    "`selectinload` and `subqueryload` send.",
    effect="One query for each row: three in the test, three hundred thousand in production.",
    cure="Load the relationship with the query that loads the rows: `selectinload` for a "
    "collection, `joinedload` for a single object.",
)


def find(subject: Subject) -> Iterator[Finding]:
    """Group lazy loads by the query that loaded their owners."""
    families: dict[tuple[object, ...], list[CapturedQuery]] = defaultdict(list)
    for query in subject.queries:
        if query.orm_cause.loading is Loading.LAZY and query.orm_cause.path:
            root = eager.root_of(query, subject.by_index)
            loaded_by: object = query.parent if root is None else root.index
            label = query.orm_cause.path[-1]
            families[label, loaded_by, query.context.request].append(query)
    alone: dict[tuple[object, ...], list[CapturedQuery]] = defaultdict(list)
    for (_, loaded_by, _), members in families.items():
        if loaded_by is not None and _is_loop(subject, members):
            yield _finding(subject, members)
            continue
        for query in members:
            loop = subject.loop_of(query)
            if loop is not None:
                alone[query.orm_cause.path[-1], query.context.request, loop.key].append(query)
    for members in alone.values():
        if _owners(members) >= subject.limits.threshold:
            yield _finding(subject, members)


def _owners(queries: list[CapturedQuery]) -> int:
    return max(len({query.orm_cause.owner for query in queries}), 0)


def _is_loop(subject: Subject, queries: list[CapturedQuery]) -> bool:
    """Whether one act, or some loop, reads them of several objects.

    Lines of the test itself are no loop, nor are two acts of it that each read one.
    """
    if _owners(queries) < subject.limits.threshold:
        return False
    if any(loops_of(query) for query in queries):
        return True
    acts: dict[object, list[CapturedQuery]] = defaultdict(list)
    for query in queries:
        if not subject.is_direct(query):
            acts[subject.act_of(query)].append(query)
    stacks = {id(query.stack) for query in queries}
    return len(stacks) < len(queries) or any(
        _owners(members) >= subject.limits.threshold for members in acts.values()
    )


def _common_loader(queries: list[CapturedQuery], subject: Subject) -> CapturedQuery | None:
    """The one query that loaded all the owners, or that what loaded them came from.

    A lazy load that runs row by row itself is none: its loader option stands further up.
    """
    indexes = {query.parent_index for query in queries if query.parent_index is not None}
    while len(indexes) > 1:
        above = {_above(subject, index) for index in indexes}
        if above == indexes:
            break
        indexes = above
    found = subject.by_index.get(min(indexes)) if indexes else None
    while found is not None and (
        found.orm_cause.loading is Loading.EAGER or _is_repeated(subject, found)
    ):
        index = _above(subject, found.index)
        if index == found.index or index not in subject.by_index:
            break
        found = subject.by_index[index]
    return found


def _is_repeated(subject: Subject, query: CapturedQuery) -> bool:
    """Whether a lazy load is one of several of its relationship for the rows of one query."""
    if query.orm_cause.loading is not Loading.LAZY:
        return False
    root = eager.root_of(query, subject.by_index)
    return any(
        each.index != query.index
        and each.orm_cause.loading is Loading.LAZY
        and each.orm_cause.path == query.orm_cause.path
        and eager.root_of(each, subject.by_index) is root
        for each in subject.queries
    )


def _above(subject: Subject, index: int) -> int:
    """The query that loaded the parents of a query's rows; itself when there is none."""
    query = subject.by_index.get(index)
    return index if query is None or query.parent_index is None else query.parent_index


def _finding(subject: Subject, queries: list[CapturedQuery]) -> Finding:
    first = max(queries, key=lambda query: len(query.orm_cause.path))
    shortest = min(queries, key=lambda query: len(query.orm_cause.path))
    root = eager.root_of(shortest, subject.by_index)
    label = first.orm_cause.path[-1]
    owner = first.orm_cause.path[0].partition(".")[0]
    option = eager.of_cause(first.orm_cause)
    loader = _common_loader(queries, subject)
    parent = None if loader is None else (loader.call_site or loader.context.endpoint)
    count = calls_of(queries)
    return Finding(
        nodeid=subject.nodeid,
        rule=RULE,
        label=label,
        count=count,
        message=f"{label} is loaded row by row: {count} queries",
        call_sites=sites_of(queries),
        parent=parent or shortest.parent,
        cure=attempt(columns.refreshed, first, option)
        or attempt(eager.on, root, option, owner, before=eager.narrowing(first.orm_cause, root)),
        advice=f"load {label} together with the rows that it is read from",
        statement=queries[0].statement,
        fingerprint=queries[0].fingerprint,
        graphql_path=queries[0].context.graphql_path,
        request=queries[0].context.request_name,
        seconds=sum(query.duration_seconds for query in queries),
        queries=tuple(query.index for query in queries),
    )
