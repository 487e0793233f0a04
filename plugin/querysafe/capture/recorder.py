"""Raw records become a ``Recording``: lines named, parameters kept, parents found."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from operator import gt
from typing import Any, NamedTuple
from weakref import ref

from querysafe.capture.call_site import Stack
from querysafe.capture.causes import NO_WAY, Way, asked, loaded, way_of
from querysafe.capture.eager import EagerRequest
from querysafe.capture.orm import Cause, Mark
from querysafe.capture.products import joined_collections, joins_several
from querysafe.capture.raw import Raw, Recorder
from querysafe.fingerprint import fingerprint, kind
from querysafe.params import ParamsPolicy, keep
from querysafe.query import CallSite, CapturedQuery, Context, Frame, Kind, Loading, OrmCause
from querysafe.recording import EagerLoad, Recording

ALONE = 20
"""So many repetitions of one statement from one stack are told one by one …"""
FOLDED_FROM = 30
"""… when there are more than this; the rest becomes one query with ``calls``."""
REMEMBERED = 5000
_WRITES = (Kind.INSERT, Kind.UPDATE, Kind.DELETE)
_NO_CAUSE = OrmCause(loading=Loading.CORE)
_FLUSH = OrmCause(loading=Loading.FLUSH)


class Interpreter:
    """Turns what a recorder collected into values. Remembers the set-up of wider fixtures."""

    def __init__(self, recorder: Recorder, policy: ParamsPolicy = ParamsPolicy.KEEP) -> None:
        self._recorder = recorder
        self._sites = recorder.sites
        self._policy = policy
        self._known: dict[tuple[str, int, int, bool], _Told] = {}

    def recording(self, name: str, *, every: bool = False, without: str = "") -> Recording:
        """Interpret everything collected since the recorder was started.

        With ``every``, each repetition is told on its own, however many there are.
        ``without`` names a phase to leave out, as if it were of another recording.
        """
        raws = self._recorder.heard(without)
        queries = self.queries(name, raws, every=every)
        positions = {raw.mark: index for index, raw in enumerate(raws) if raw.mark is not None}
        return Recording(
            name=name,
            queries=queries,
            eager_loads=tuple(self._eager_loads(self._recorder.eager, raws, positions)),
            joined_collections=joined_collections(raws, self._site),
        )

    def queries(
        self, name: str, raws: Sequence[Raw], *, every: bool = False
    ) -> tuple[CapturedQuery, ...]:
        """Interpret some raw records, in the order in which they began."""
        if not raws:
            return ()
        order: Sequence[int] = range(len(raws))
        begins = [raw.started for raw in raws]
        if any(map(gt, begins, islice(begins, 1, None))):
            order = sorted(order, key=begins.__getitem__)
        folded = {} if every else _folded(raws, order)
        hidden = {index for members in folded.values() for index in members[1:]}
        reading = _Reading(
            name=name,
            raws=raws,
            begin=begins[order[0]],
            marks={mark: index for index in order if (mark := raws[index].mark) is not None},
        )
        return tuple(
            [
                self._query(index, folded.get(index, ()), reading)
                for index in order
                if index not in hidden
            ]
        )

    def glance(self) -> "Glance | None":
        """What a test did whose every statement differs from the others; ``None`` for any other.

        Most tests are of that kind, and no more than this needs to be known of them: nothing is
        interpreted. What repeats, loads row by row, asks for relationships ahead or joins
        collections is for :meth:`recording`.
        """
        if self._recorder.eager:
            return None
        told: dict[str, _Told] = {}
        loads = 0
        durations: list[float] = []
        for raw in self._recorder.raws:
            if raw.phase != "call":
                continue
            cause = raw.cause
            if cause is not None and cause.loading != "eager":
                loads += 1
                if loads > 1:
                    return None
            each = self._told(raw)
            if each.joins or each.fingerprint in told:
                return None
            told[each.fingerprint] = each
            durations += (raw.duration,)
        return Glance(
            queries=len(durations),
            seconds=sum(durations),
            slowest=max(durations, default=0.0),
            told=tuple(told.values()),
        )

    def _query(self, index: int, others: Sequence[int], reading: "_Reading") -> CapturedQuery:
        raws = reading.raws
        raw = raws[index]
        told = self._told(raw)
        stack = told.stack
        parent_index, parent = (
            (None, None) if raw.cause is None else self._parent(raw.cause, reading)
        )
        return CapturedQuery(
            statement=raw.cursor_statement,
            fingerprint=told.fingerprint,
            kind=told.kind,
            params=keep(
                raw.parameters,
                self._policy,
                executemany=raw.many and isinstance(raw.parameters, list),
                sets=raw.sets,
            ),
            started_seconds=raw.started - reading.begin,
            duration_seconds=sum([raws[other].duration for other in others])
            if others
            else raw.duration,
            rowcount=raw.rowcount if raw.rowcount is not None and raw.rowcount >= 0 else None,
            calls=len(others) or 1,
            executemany=raw.many,
            call_site=stack[0].site if stack else None,
            stack=stack,
            orm_cause=told.orm_cause
            if raw.cause is None
            else loaded(raw.cause, reading.way(raw.cause.path)),
            parent=parent,
            parent_index=parent_index,
            index=index,
            context=self._context(raw, reading),
            error=raw.error,
        )

    def _told(self, raw: Raw) -> "_Told":
        """What is the same for each passing of one statement by one stack."""
        key = (raw.cursor_statement, id(raw.stack), id(raw.compiled), raw.mark is None)
        known = self._known.get(key)
        if known is not None and known.of(raw):
            return known
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        known = self._known[key] = _told(raw, self._sites.frames(raw.stack))
        return known

    def _site(self, raw: Raw) -> CallSite | None:
        frames = self._sites.frames(raw.stack)
        if frames:
            return frames[0].site
        return self._endpoint(raw)

    def _endpoint(self, raw: Raw) -> CallSite | None:
        endpoint = raw.scope.endpoint if raw.scope is not None else None
        code = getattr(getattr(endpoint, "__func__", endpoint), "__code__", None)
        return None if code is None else self._sites.of_code(code)

    def _parent(self, cause: Cause, reading: "_Reading") -> tuple[int | None, CallSite | None]:
        """Find the query that loaded the rows, past the column loads that touched them since."""
        mark = cause.parent
        if mark is None:
            return None, None
        while (index := reading.marks.get(mark)) is not None:
            raw = reading.raws[index]
            if raw.cause is None or raw.cause.loading != "column" or raw.cause.parent is None:
                return index, self._site(raw)
            mark = raw.cause.parent
        frames = self._sites.frames(mark.stack)
        return None, frames[0].site if frames else None

    def _context(self, raw: Raw, reading: "_Reading") -> Context:
        session = raw.mark.session if raw.mark else (raw.connection, raw.transaction)
        key = (
            raw.phase,
            raw.task,
            raw.scope,
            raw.graphql,
            raw.transaction,
            raw.flush,
            session,
            raw.dialect,
        )
        known = reading.contexts.get(key)
        if known is None:
            known = reading.contexts[key] = self._described(raw, session, reading)
        return known

    def _described(self, raw: Raw, session: object, reading: "_Reading") -> Context:
        scope = raw.scope
        path, operation = raw.graphql
        served = (scope.serial if scope else 0, operation)
        number = reading.number
        return Context(
            test=reading.name,
            phase=raw.phase,
            task=number("task", raw.task),
            request=number("request", served) if scope or operation else 0,
            request_name=scope.name if scope else "",
            endpoint=self._endpoint(raw) if scope else None,
            graphql_path=path,
            transaction=number("transaction", raw.transaction) if raw.transaction else 0,
            flush=number("flush", raw.flush) if raw.flush else 0,
            session=number("session", session),
            database=number("database", id(raw.dialect)),
            engine=f"{raw.dialect.name}+{raw.dialect.driver}",
        )

    def _eager_loads(
        self, requests: Iterable[EagerRequest], raws: Sequence[Raw], positions: Mapping[Mark, int]
    ) -> Iterable[EagerLoad]:
        for request in requests:
            index = positions.get(request.mark)
            if index is not None:
                yield EagerLoad(
                    path=request.path,
                    strategy=request.strategy,
                    call_site=self._site(raws[index]),
                    query_index=index,
                    objects=request.objects,
                    read=request.read,
                )


class _Reading:
    """One pass over the raw records of a recording."""

    def __init__(
        self, *, name: str, raws: Sequence[Raw], begin: float, marks: Mapping[Mark, int]
    ) -> None:
        self.name = name
        self.raws = raws
        self.begin = begin
        self.marks = marks
        """Position of the SELECT that each mark stands for."""
        self.contexts: dict[tuple[object, ...], Context] = {}
        self._ways: dict[int, Way] = {}
        """By the loader path, which the raw records hold."""
        self._numbers: dict[str, dict[Any, int]] = {}

    def way(self, path: Any) -> Way:
        """The words for a loader path, found once: many objects are read along it."""
        if path is None:
            return NO_WAY
        known = self._ways.get(id(path))
        if known is None:
            known = self._ways[id(path)] = way_of(path)
        return known

    def number(self, sort: str, identity: Any) -> int:
        """A small number for an identity of a sort, by first appearance, from 1 on."""
        known = self._numbers.setdefault(sort, {})
        return known.setdefault(identity, len(known) + 1)


class Glance(NamedTuple):
    """What is known of a test that sends no statement twice, without interpreting any."""

    queries: int
    seconds: float
    slowest: float
    """Seconds of its slowest query."""
    told: "tuple[_Told, ...]"
    """Each statement with its kind, stack and reason; the same object in each test that sends it
    from there."""


class _Told:
    """What one statement is that one stack sends, worked out once a run.

    The stack is held so that no other gets its ``id()``, the compiled statement is not: it
    belongs to an engine that may be gone tomorrow.
    """

    __slots__ = (
        "_compiled",
        "_stack",
        "fingerprint",
        "joins",
        "kind",
        "orm_cause",
        "stack",
        "statement",
    )

    def __init__(self, raw: Raw, stack: tuple[Frame, ...], orm_cause: OrmCause, kind: Kind) -> None:
        self._stack = raw.stack
        self._compiled = None if raw.compiled is None else ref(raw.compiled)
        self.statement = raw.cursor_statement
        self.joins = joins_several(raw.cursor_statement)
        self.stack = stack
        self.kind = kind
        self.fingerprint = fingerprint(raw.cursor_statement)
        self.orm_cause = orm_cause

    def of(self, raw: Raw) -> bool:
        """Whether it tells of a record, and not of one whose objects had the same ``id()``."""
        compiled = None if self._compiled is None else self._compiled()
        return compiled is raw.compiled


def _told(raw: Raw, stack: tuple[Frame, ...]) -> _Told:
    sort = Kind(kind(raw.cursor_statement))
    if raw.mark is not None:
        cause = asked(raw, stack)
    elif raw.stack.flushing and sort in _WRITES:
        cause = _FLUSH
    else:
        cause = _NO_CAUSE
    return _Told(raw, stack, cause, sort)


def _folded(raws: Sequence[Raw], order: Sequence[int]) -> dict[int, list[int]]:
    """The repetitions of one statement by one stack that are told as one, by the first of them."""
    if len(raws) <= FOLDED_FROM:
        return {}
    groups: dict[tuple[str, Stack], list[int]] = defaultdict(list)
    for index in order:
        raw = raws[index]
        groups[raw.cursor_statement, raw.stack] += (index,)
    return {
        members[ALONE]: members[ALONE:] for members in groups.values() if len(members) > FOLDED_FROM
    }
