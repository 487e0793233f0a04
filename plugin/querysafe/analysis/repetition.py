"""Statements that the application sent again and again, and why: the heart of four rules."""

import ast
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from querysafe.analysis import purposes
from querysafe.analysis.loops import Loop, loops_of, signature
from querysafe.analysis.sources import function_of, names_in, nodes_in, source
from querysafe.analysis.subject import READS, WRITES, Subject, calls_of
from querysafe.analysis.values import (
    condition_key,
    is_fresh,
    is_limited,
    is_paging,
    lists_many,
    parameters_key,
    tables_of,
    values_of,
    writes_many,
)
from querysafe.query import CapturedQuery, Kind, Loading

_TOTAL = re.compile(r"\s*SELECT\s+(count|sum|min|max|avg)\s*\(", re.IGNORECASE)
_LOCKS = ("with_for_update", "skip_locked")


@dataclass(frozen=True, slots=True, eq=False)
class Repetition:
    """One statement that a loop sends again and again."""

    queries: list[CapturedQuery]
    loop: Loop
    sort: str
    """``row`` (another key each time), ``first`` (the first rows for each key), ``same``."""


def reads(subject: Subject) -> tuple[Repetition, ...]:
    """SELECTs of the application that some loop repeats and that no good reason explains."""
    known = _reads.get(subject)
    if known is None:
        known = _reads[subject] = tuple(_found(subject))
    return known


_reads: WeakKeyDictionary[Subject, tuple[Repetition, ...]] = WeakKeyDictionary()


def _found(subject: Subject) -> Iterator[Repetition]:
    for loop, queries in _groups(subject, READS, (Loading.STATEMENT, Loading.CORE)):
        asked = [query for query in queries if not _is_tests_own(subject, query, loop)]
        if calls_of(asked) < subject.limits.threshold:
            continue
        keys = {parameters_key(query) for query in asked}
        if _is_explained(subject, asked, loop, same=len(keys) == 1):
            continue
        if len(keys) == 1 and _is_one_round(asked):
            continue
        if len(keys) == 1 and (keys == {()} or not _depends_on_row(loop) or _is_constant(asked[0])):
            if not _is_changing(subject, asked, loop):
                yield Repetition(asked, loop, "same")
        elif (
            is_limited(asked[0].statement)
            and not asked[0].orm_cause.lookup
            and not _is_single(asked[0])
        ):
            yield Repetition(asked, loop, "first")
        else:
            yield Repetition(asked, loop, "row")


def writes(subject: Subject) -> Iterator[Repetition]:
    """Writes that some loop sends one by one, a flush counted as one."""
    for loop, queries in _groups(subject, WRITES, tuple(Loading)):
        single: dict[object, CapturedQuery] = {}
        for query in queries:
            if query.params.sets > 1 or lists_many(query) or writes_many(query.statement):
                continue
            single.setdefault(query.context.flush or ("alone", query.index), query)
        told = list(single.values())
        if calls_of(told) < subject.limits.threshold or _is_meant(subject, told, loop):
            continue
        if _is_column_by_column(told):
            continue
        yield Repetition(told, loop, "row")


def _is_one_round(queries: list[CapturedQuery]) -> bool:
    """Whether each comes from a line of its own: nothing says that the loop went round twice."""
    return len({id(query.stack) for query in queries}) == calls_of(queries)


def _is_column_by_column(queries: list[CapturedQuery]) -> bool:
    """Whether the same rows get another column each time: those are different statements."""
    return len({query.statement for query in queries}) == calls_of(queries) and (
        len({condition_key(query) for query in queries}) == 1
    )


def _groups(
    subject: Subject, kinds: tuple[Kind, ...], loadings: tuple[Loading, ...]
) -> Iterator[tuple[Loop, list[CapturedQuery]]]:
    if not subject.repeats:
        return
    counts: dict[tuple[object, ...], int] = defaultdict(int)
    chosen = [
        (query, _place(query))
        for query in subject.queries
        if query.kind in kinds and query.orm_cause.loading in loadings
    ]
    for query, place in chosen:
        counts[place] += query.calls
    groups: dict[tuple[object, ...], tuple[Loop, list[CapturedQuery]]] = {}
    rounds: dict[tuple[int, int], tuple[object, object]] = {}
    for query, place in chosen:
        if counts[place] < subject.limits.threshold:
            continue
        loop = subject.loop_of(query)
        if loop is not None:
            at = (id(loop), id(query.stack))  # both live as long as the subject
            if at not in rounds:
                rounds[at] = (loop.key, _step(query, loop))
            groups.setdefault((*place, *rounds[at]), (loop, []))[1].append(query)
    yield from groups.values()


def _place(query: CapturedQuery) -> tuple[object, ...]:
    """What repetitions have in common: one shape, one database, one request."""
    return query.fingerprint, query.context.database, query.context.request


def _step(query: CapturedQuery, loop: Loop) -> object:
    """Which function it came from, in a loop over functions."""
    return signature(query.stack[: loop.depth]) if loop.calls_target else ()


def _is_tests_own(subject: Subject, query: CapturedQuery, loop: Loop) -> bool:
    """Whether a loop of the test asks in order to assert, over values of its own."""
    if not subject.in_test(loop.frame) or loop.is_while or loop.node is None:
        return False
    asserting = (
        subject.is_asserted(query)
        or (subject.is_direct(query) and (purposes.asserts_in(loop) or purposes.expects(loop)))
        or (loop.depth == 0 and purposes.checks(loop))
    )
    return asserting and not subject.comes_from_query(loop)


def _is_explained(
    subject: Subject, queries: list[CapturedQuery], loop: Loop, *, same: bool
) -> bool:
    first = queries[0]
    return (
        any(lists_many(query) for query in queries)
        or is_paging(queries)
        or _is_retry(subject, queries, loop, same=same)
        or (same and (purposes.polls(loop) or _is_watched(subject, queries, loop)))
        or (is_fresh(first.statement) and (same or not tables_of(first.statement)))
        or (not first.orm_cause.lookup and purposes.probes(loop))
        or purposes.takes_messages(loop)
        or _is_work(subject, queries, loop)
        or _is_over_constants(queries, loop)
    )


def _is_watched(subject: Subject, queries: list[CapturedQuery], loop: Loop) -> bool:
    """Whether a ``while`` of the test asserts the same thing in each round."""
    return loop.is_while and all(
        subject.is_direct(query) and subject.is_asserted(query) for query in queries
    )


def _is_work(subject: Subject, queries: list[CapturedQuery], loop: Loop) -> bool:
    """What a worker reads for each job, in the job's own transaction."""
    transactions = {query.context.transaction for query in queries}
    return loop.is_while and len(transactions) == len(queries) and _is_queue(subject, loop, queries)


def _is_meant(subject: Subject, writes: list[CapturedQuery], loop: Loop) -> bool:
    """Whether writing one after the other is what the loop is for."""
    return (
        _is_retry(subject, writes, loop, same=len({parameters_key(each) for each in writes}) == 1)
        or is_paging(writes)
        or (loop.is_while and _is_queue(subject, loop, writes))
        or _rereads_what_it_wrote(subject, loop, writes)
        or _is_guarded(loop)
        or (purposes.waits(loop) and _is_one_row(writes))
        or purposes.is_chained(loop)
        or purposes.takes_messages(loop)
        or _is_tests_own(subject, writes[0], loop)
        or _is_migration(writes[0])
    )


def _is_migration(query: CapturedQuery) -> bool:
    """Whether Alembic notes which revision a database has reached: it does so after each."""
    return bool(query.stack) and query.stack[0].library.endswith("run_migrations")


def _is_retry(subject: Subject, queries: list[CapturedQuery], loop: Loop, *, same: bool) -> bool:
    """The same again after an error: each attempt in a transaction of its own."""
    if purposes.tries_again(loop):
        return True
    if calls_of([query for query in queries if query.error is None]) <= 1:
        return True
    if _fails_each_time(subject, queries):
        return True
    if not same:
        return False
    transactions = [query.context.transaction for query in queries]
    if len(set(transactions)) < len(transactions) and not any(query.error for query in queries):
        return False
    if any(query.error for query in queries):
        return True
    between = range(queries[0].index, queries[-1].index)
    failed = any(subject.by_index[i].error for i in between if i in subject.by_index)
    return (
        failed
        or loop.has(ast.Try)
        or (loop.node is None and bool(queries[0].stack))
        or any(map(purposes.tries_again, loops_of(queries[0])))
    )


def _fails_each_time(subject: Subject, queries: list[CapturedQuery]) -> bool:
    """Whether an error lies between each and the next: every round but the last was lost."""
    indexes = [query.index for query in queries]
    return all(
        any(subject.by_index[i].error for i in range(one, other) if i in subject.by_index)
        for one, other in itertools.pairwise(indexes)
    )


def _is_one_row(writes: list[CapturedQuery]) -> bool:
    """Whether they write one and the same row."""
    keys = {
        tuple(repr(each.value) for each in values_of(query)[-1:] if each.part == "key")
        for query in writes
    }
    return len(keys) == 1 and writes[0].kind is not Kind.INSERT and () not in keys


def _is_guarded(loop: Loop) -> bool:
    """A savepoint for each row, so that one bad row does not lose the others."""
    return loop.has(ast.Try) and loop.calls("begin_nested")


def _is_queue(subject: Subject, loop: Loop, work: list[CapturedQuery]) -> bool:
    """A worker that takes one job after the other: what it asks first decides on each round."""
    if loop.calls(*_LOCKS):
        return True
    rounds = [
        (query, each)
        for query in subject.queries
        for each in [subject.loop_of(query)]
        if each is not None and each.key == loop.key
    ]
    if any(purposes.is_decided(each) for _, each in rounds):
        return True
    keys: dict[object, int] = defaultdict(int)
    for query, _ in rounds:
        if query.kind in READS:
            keys[query.fingerprint, parameters_key(query)] += query.calls
    return any(count >= len(work) for count in keys.values())


def _rereads_what_it_wrote(subject: Subject, loop: Loop, writes: list[CapturedQuery]) -> bool:
    """Whether each round first asks anew for what the round before it may have changed."""
    written = tables_of(writes[0].statement)
    asked: dict[object, set[int]] = defaultdict(set)
    for query in subject.queries:
        if (
            query.kind in READS
            and query.orm_cause.loading in (Loading.STATEMENT, Loading.CORE)
            and tables_of(query.statement) & written
            and (each := subject.loop_of(query)) is not None
            and each.key == loop.key
        ):
            before = sum(write.index < query.index for write in writes)
            asked[query.fingerprint, parameters_key(query)].add(before)
    return any(len(rounds) >= len(writes) for rounds in asked.values())


def _depends_on_row(loop: Loop) -> bool:
    """Whether the source asks with a value of the row, though the rows here agree in it."""
    if loop.node is None or loop.target is None:
        return False
    dependent = names_in(loop.target)
    for node in nodes_in(loop.node):
        if isinstance(node, ast.Assign) and names_in(node.value) & dependent:
            dependent |= {name for target in node.targets for name in names_in(target)}
    chain = source(loop.frame.file).chain(loop.frame)
    return bool(names_in(chain[-1]) & dependent)


def _is_constant(query: CapturedQuery) -> bool:
    """Whether the function that asks says what for in full: ``where(Rate.country == "GB")``."""
    frame = query.stack[0] if query.stack else None
    if frame is None or frame.template:
        return False
    chain = source(frame.file).chain(frame)
    function = function_of(chain)
    call = next((node for node in reversed(chain) if isinstance(node, ast.Call)), None)
    if function is None or call is None:
        return False
    arguments = (*call.args, *(each.value for each in call.keywords))
    local = {each.arg for each in nodes_in(function) if isinstance(each, ast.arg)} | {
        each.id
        for each in nodes_in(function)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }
    return bool(arguments) and not any(names_in(each) & local for each in arguments)


def _is_over_constants(queries: list[CapturedQuery], loop: Loop) -> bool:
    """A few totals of names written in the source: their number does not grow with the data."""
    iterable = loop.iterable
    if not isinstance(iterable, ast.Tuple | ast.List | ast.Set):
        return False
    if not _TOTAL.match(queries[0].statement):
        return False
    return len(iterable.elts) <= 8 and all(
        (isinstance(each, ast.Constant) and isinstance(each.value, str))
        or isinstance(each, ast.Attribute)
        for each in iterable.elts
    )


def _is_single(query: CapturedQuery) -> bool:
    """Whether the limit only says that one row is enough: no order, so no "first"."""
    return "ORDER BY" not in query.statement.upper()


def _is_changing(subject: Subject, queries: list[CapturedQuery], loop: Loop) -> bool:
    """Whether what is asked for again is written in between, so that the answer may differ."""
    tables = frozenset().union(*(tables_of(query.statement) for query in queries))
    first, last = queries[0].index, queries[-1].index
    return any(
        query.kind in WRITES and first < query.index < last and tables & tables_of(query.statement)
        for query in subject.recording
    ) or any(node in _sources_of(loop) for node in _LOCKS)


def _sources_of(loop: Loop) -> str:
    return source(loop.frame.file).segment(loop.node) if loop.node is not None else ""
