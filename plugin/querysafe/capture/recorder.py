"""Raw records become a ``Recording``: lines named, parameters kept, parents found."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from querysafe.capture.eager import EagerRequest
from querysafe.capture.orm import Cause, path_labels, steps
from querysafe.capture.products import joined_collections
from querysafe.capture.raw import Raw, Recorder
from querysafe.fingerprint import fingerprint, kind
from querysafe.params import Params, ParamsPolicy, keep
from querysafe.query import CallSite, CapturedQuery, Context, Frame, Kind, Loading, OrmCause
from querysafe.recording import EagerLoad, Recording

ALONE = 40
"""So many repetitions of one statement from one stack are told one by one …"""
FOLDED_FROM = 64
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
        self._earlier: dict[int, CallSite | None] = {}

    def recording(self, name: str, *, every: bool = False, without: str = "") -> Recording:
        """Interpret everything collected since the recorder was started.

        With ``every``, each repetition is told on its own, however many there are.
        ``without`` names a phase to leave out, as if it were of another recording.
        """
        raws = self._recorder.heard(without)
        queries = self.queries(name, raws, every=every)
        positions = {raw.serial: index for index, raw in enumerate(raws) if raw.serial}
        return Recording(
            name=name,
            queries=queries,
            eager_loads=tuple(self._eager_loads(self._recorder.eager, raws, positions)),
            joined_collections=joined_collections(
                (index, raw, self._site(raw)) for index, raw in enumerate(raws)
            ),
        )

    def queries(
        self, name: str, raws: Sequence[Raw], *, every: bool = False
    ) -> tuple[CapturedQuery, ...]:
        """Interpret some raw records, in the order in which they began."""
        order = sorted(range(len(raws)), key=lambda index: raws[index].started)
        if not order:
            return ()
        begin = raws[order[0]].started
        serials = {raws[index].serial: index for index in order if raws[index].serial}
        numbers = _Numbers()
        groups: dict[tuple[str, int], list[int]] = {}
        for index in order:
            raw = raws[index]
            groups.setdefault((raw.cursor_statement, id(raw.stack)), []).append(index)
        folded: dict[int, list[int]] = {}
        hidden: set[int] = set()
        if not every:
            for members in groups.values():
                if len(members) > FOLDED_FROM:
                    folded[members[ALONE]] = members[ALONE:]
                    hidden.update(members[ALONE + 1 :])
        return tuple(
            self._query(name, index, raws, folded.get(index, ()), serials, numbers, begin)
            for index in order
            if index not in hidden
        )

    def remember(self, phase: str) -> None:
        """Keep the call sites of a phase: what wider fixtures load outlives its test."""
        for raw in self._recorder.raws:
            if raw.serial and raw.phase == phase and raw.serial not in self._earlier:
                self._earlier[raw.serial] = self._site(raw)
        while len(self._earlier) > REMEMBERED:
            del self._earlier[next(iter(self._earlier))]

    def _query(
        self,
        name: str,
        index: int,
        raws: Sequence[Raw],
        others: Sequence[int],
        serials: dict[int, int],
        numbers: "_Numbers",
        begin: float,
    ) -> CapturedQuery:
        raw = raws[index]
        cause = self._recorder.causes.get(raw.serial)
        stack = self._sites.frames(raw.stack)
        statement_kind = Kind(kind(raw.cursor_statement))
        parent_index, parent = self._parent(cause, serials, raws)
        if cause is not None:
            orm_cause = _told(cause, raw, stack)
        elif raw.stack.flushing and statement_kind in _WRITES:
            orm_cause = _FLUSH
        else:
            orm_cause = _NO_CAUSE
        rowcount = raw.rowcount if raw.rowcount is not None and raw.rowcount >= 0 else None
        return CapturedQuery(
            statement=raw.cursor_statement,
            fingerprint=fingerprint(raw.cursor_statement),
            kind=statement_kind,
            params=_params(raw, self._policy),
            started_seconds=raw.started - begin,
            duration_seconds=sum(raws[other].duration for other in others) or raw.duration,
            rowcount=rowcount,
            calls=len(others) or 1,
            executemany=raw.many,
            call_site=stack[0].site if stack else None,
            stack=stack,
            orm_cause=orm_cause,
            parent=parent,
            parent_index=parent_index,
            index=index,
            context=self._context(name, raw, cause, numbers),
            error=raw.error,
        )

    def _site(self, raw: Raw) -> CallSite | None:
        frames = self._sites.frames(raw.stack)
        if frames:
            return frames[0].site
        return self._endpoint(raw)

    def _endpoint(self, raw: Raw) -> CallSite | None:
        endpoint = raw.scope.endpoint if raw.scope is not None else None
        code = getattr(getattr(endpoint, "__func__", endpoint), "__code__", None)
        return None if code is None else self._sites.of_code(code)

    def _parent(
        self, cause: Cause | None, serials: dict[int, int], raws: Sequence[Raw]
    ) -> tuple[int | None, CallSite | None]:
        """Find the query that loaded the rows, past the column loads that touched them since."""
        if cause is None or cause.loading == "statement" or not cause.parent:
            return None, None
        serial = cause.parent
        while (
            (above := self._recorder.causes.get(serial)) is not None
            and above.loading == "column"
            and above.parent
        ):
            serial = above.parent
        index = serials.get(serial)
        if index is None:
            return None, self._earlier.get(serial)
        return index, self._site(raws[index])

    def _context(self, name: str, raw: Raw, cause: Cause | None, numbers: "_Numbers") -> Context:
        scope = raw.scope
        path, operation = raw.graphql
        served = (scope.serial if scope else 0, operation)
        return Context(
            test=name,
            phase=raw.phase,
            task=numbers.of("task", raw.task),
            request=numbers.of("request", served) if scope or operation else 0,
            request_name=scope.name if scope else "",
            endpoint=self._endpoint(raw) if scope else None,
            graphql_path=path,
            transaction=numbers.of("transaction", raw.transaction) if raw.transaction else 0,
            flush=numbers.of("flush", raw.flush) if raw.flush else 0,
            session=numbers.of(
                "session", cause.session if cause else (raw.connection, raw.transaction)
            ),
            engine=f"{raw.dialect.name}+{raw.dialect.driver}",
        )

    def _eager_loads(
        self, requests: Iterable[EagerRequest], raws: Sequence[Raw], positions: dict[int, int]
    ) -> Iterable[EagerLoad]:
        for request in requests:
            index = positions.get(request.serial)
            if index is not None:
                yield EagerLoad(
                    path=request.path,
                    strategy=request.strategy,
                    call_site=self._site(raws[index]),
                    query_index=index,
                    objects=request.objects,
                    read=request.read,
                )


class _Numbers:
    """Small numbers for the identities of each sort, by first appearance, from 1 on."""

    def __init__(self) -> None:
        self._known: dict[str, dict[Any, int]] = {}

    def of(self, sort: str, identity: Any) -> int:
        known = self._known.setdefault(sort, {})
        return known.setdefault(identity, len(known) + 1)


def _params(raw: Raw, policy: ParamsPolicy) -> Params:
    many = raw.many and isinstance(raw.parameters, list)
    return replace(keep(raw.parameters, policy, executemany=many), sets=raw.sets)


def _told(cause: Cause, raw: Raw, stack: tuple[Frame, ...]) -> OrmCause:
    relationships = steps(cause.path)
    lookup = bool(stack) and stack[0].library.rpartition(".")[2] in ("get", "get_one")
    columns = tuple(sorted(cause.columns))
    owner = ""
    entity = ""
    if cause.owner is not None:
        owner = f"{cause.owner[0].__name__}{cause.owner[1]}"
    if cause.owner_class is not None:
        entity = cause.owner_class.class_.__name__
    if cause.loading == "statement":
        entity, key = _entity(raw.compiled)
        columns = key if lookup else ()
    return OrmCause(
        loading=Loading(cause.loading),
        path=path_labels(cause.path),
        owner=owner,
        entity=entity,
        columns=columns,
        reason=cause.reason,
        lookup=lookup,
        many=tuple(bool(each.uselist) for _, each in relationships),
        narrowed=tuple(
            index > 0
            and owner is not relationships[index - 1][1].mapper
            and owner.isa(relationships[index - 1][1].mapper)
            for index, (owner, _) in enumerate(relationships)
        ),
        inherits=tuple(
            each.class_.__name__ for each in list(relationships[0][0].iterate_to_root())[1:]
        )
        if relationships
        else (),
    )


def _entity(compiled: Any) -> tuple[str, tuple[str, ...]]:
    """Name the one class whose objects a SELECT loads and its primary key, or ""."""
    descriptions: Any = getattr(getattr(compiled, "statement", None), "column_descriptions", ())
    if len(descriptions) != 1:
        return "", ()
    entity = descriptions[0].get("entity")
    mapper = getattr(entity, "__mapper__", None)
    if mapper is None or entity is not descriptions[0].get("expr"):
        return "", ()
    keys = (mapper.get_property_by_column(column).key for column in mapper.primary_key)
    return entity.__name__, tuple(keys)
