"""``CapturedQuery``: one statement seen by anyone, anywhere, is this value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from querysafe.params import Params, ParamsPolicy


class Kind(StrEnum):
    """The first word of a statement, as far as judgement needs it."""

    SELECT = "SELECT"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    TRANSACTION = "TRANSACTION"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSite:
    """A line of the user's code. ``path`` is relative to the root directory when below it."""

    path: str
    line: int
    function: str
    """Empty for a line of a file of statements."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"

    @property
    def words(self) -> str:
        """The place, and the function where there is one: ``shop.py:7 in buy``."""
        return f"{self} in {self.function}" if self.function else str(self)

    def to_json(self) -> dict[str, Any]:
        """Render as the ``{"path", "line", "function"}`` of every JSON report."""
        return {"path": self.path, "line": self.line, "function": self.function}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The exact expression within a source file: lines from 1, columns from 0 in UTF-8 bytes."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame of the user's code while a query ran."""

    site: CallSite
    file: str
    """Absolute path, to read the source from."""
    first_line: int = 0
    """Line on which the function begins."""
    span: Span | None = None
    instruction: int = -1
    """Bytecode offset: equal for two passes of one expression, different for two on one line."""
    library: str = ""
    """Top-level package between this frame and the next inner one ("" when it calls directly)."""
    name: str = ""
    """The code's own name: ``<listcomp>`` where ``site`` names the function around it."""
    template: bool = False
    """Whether this is a template's line rather than Python's."""


class Loading(StrEnum):
    """Why the ORM sent a statement."""

    STATEMENT = "statement"
    """The application asked for it."""
    LAZY = "lazy"
    """A relationship was read that had not been loaded."""
    EAGER = "eager"
    """A ``selectin``, ``subquery`` or ``immediate`` loader sent its second query."""
    COLUMN = "column"
    """Deferred, expired or refreshed columns, or those of a subclass."""
    FLUSH = "flush"
    """The unit of work wrote pending changes."""
    CORE = "core"
    """No ORM session was involved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrmCause:
    """The ORM's reason for a statement, from public events."""

    loading: Loading
    path: tuple[str, ...] = ()
    """Loader path from the parent query's entity: ``("Order.lines", "Line.product")``."""
    owner: str = ""
    """Identity of the object whose attribute was read, as text: ``"Order(3,)"``."""
    entity: str = ""
    """Class of the rows that were asked for, or whose columns were loaded."""
    columns: tuple[str, ...] = ()
    """Attribute names of a column load; those of the primary key of a ``Session.get``."""
    reason: str = ""
    """Of a column load: ``deferred``, ``expired``, ``refresh`` or ``polymorphic``."""
    lookup: bool = False
    """Whether this was ``Session.get``."""
    many: tuple[bool, ...] = ()
    """For each relationship of ``path``: whether it is a collection."""
    narrowed: tuple[bool, ...] = ()
    """For each: whether it is read on a subclass of what the one before it names."""
    inherits: tuple[str, ...] = ()
    """Classes that the owner of the first relationship inherits from, nearest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where in the run a query belongs. Serial numbers start at 1; 0 is "none"."""

    test: str = ""
    phase: str = ""
    """``setup``, ``call`` or ``teardown``."""
    task: int = 0
    """The thread or asyncio task, numbered by first appearance."""
    request: int = 0
    """The request served, numbered by arrival."""
    request_name: str = ""
    """``GET /orders/{id}``."""
    endpoint: CallSite | None = None
    """Where the function that serves the request stands."""
    graphql_path: str = ""
    """``concepts[].translations``."""
    transaction: int = 0
    """The innermost transaction, savepoints included, numbered by first appearance."""
    flush: int = 0
    """The flush that sent it."""
    session: int = 0
    database: int = 0
    """The engine that sent it, numbered by first appearance."""
    engine: str = ""
    """Dialect and driver: ``postgresql+psycopg``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedQuery:
    """One statement sent to a database, with everything known about why and from where."""

    statement: str
    fingerprint: str
    kind: Kind
    params: Params
    started_seconds: float = 0.0
    """Since the recording began."""
    duration_seconds: float = 0.0
    rowcount: int | None = None
    """Rows as told by the driver; ``None`` when it does not know."""
    calls: int = 1
    """More than one for witnesses that only keep totals."""
    executemany: bool = False
    call_site: CallSite | None = None
    stack: tuple[Frame, ...] = ()
    """The user's frames, innermost first."""
    orm_cause: OrmCause = field(default_factory=lambda: OrmCause(loading=Loading.CORE))
    parent: CallSite | None = None
    """Where the query stands that loaded the rows whose attribute was read."""
    parent_index: int | None = None
    """Position of that query in the recording."""
    index: int = 0
    """Position in the recording."""
    source: str = "sqlalchemy"
    context: Context = field(default_factory=Context)
    error: str | None = None
    """Class name of the driver's error: never its message, which may hold values."""

    def to_event(self) -> dict[str, Any]:
        """Render in the single wire form: a flat mapping of JSON values.

        Names are those of the OpenTelemetry semantic conventions for database
        client spans where they exist; ours begin with ``querysafe.``.
        """
        event: dict[str, Any] = {
            "db.query.text": self.statement,
            "db.query.summary": self.kind.value,
            "db.system.name": self.context.engine.partition("+")[0],
            "querysafe.fingerprint": self.fingerprint,
            "querysafe.params_policy": self.params.policy.value,
            "querysafe.started_seconds": round(self.started_seconds, 6),
            "db.client.operation.duration": round(self.duration_seconds, 9),
            "querysafe.index": self.index,
            "querysafe.source": self.source,
            "querysafe.loading": self.orm_cause.loading.value,
        }
        optional = {
            "db.response.returned_rows": self.rowcount,
            "db.operation.batch.size": self.params.sets if self.executemany else None,
            "error.type": self.error,
            "querysafe.calls": self.calls if self.calls != 1 else None,
            "querysafe.engine": self.context.engine or None,
            "querysafe.test": self.context.test or None,
            "querysafe.phase": self.context.phase or None,
            "querysafe.task": self.context.task or None,
            "querysafe.request": self.context.request or None,
            "querysafe.request_name": self.context.request_name or None,
            "querysafe.graphql_path": self.context.graphql_path or None,
            "querysafe.transaction": self.context.transaction or None,
            "querysafe.orm_path": list(self.orm_cause.path) or None,
            "querysafe.entity": self.orm_cause.entity or None,
            "querysafe.owner": self.orm_cause.owner or None,
            "querysafe.columns": list(self.orm_cause.columns) or None,
            "querysafe.reason": self.orm_cause.reason or None,
            "querysafe.parent_index": self.parent_index,
        }
        event |= {name: value for name, value in optional.items() if value is not None}
        if self.call_site is not None:
            event["code.file.path"] = self.call_site.path
            event["code.line.number"] = self.call_site.line
            event["code.function.name"] = self.call_site.function
        if self.parent is not None:
            event["querysafe.parent"] = self.parent.to_json()
        return event | self.params.to_event()

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "CapturedQuery":
        """Read what :meth:`to_event` wrote. Unknown names are ignored.

        Raises :class:`KeyError` when the statement is missing.
        """
        prefix = "db.query.parameter."
        path = event.get("code.file.path")
        parent = event.get("querysafe.parent")
        engine = event.get("querysafe.engine") or event.get("db.system.name", "")
        return cls(
            statement=event["db.query.text"],
            fingerprint=event.get("querysafe.fingerprint", ""),
            kind=Kind(event.get("db.query.summary", "OTHER")),
            params=Params(
                policy=ParamsPolicy(event.get("querysafe.params_policy", "drop")),
                values=tuple(
                    (name.removeprefix(prefix), value)
                    for name, value in event.items()
                    if name.startswith(prefix)
                ),
                sets=event.get("db.operation.batch.size", 1),
            ),
            started_seconds=event.get("querysafe.started_seconds", 0.0),
            duration_seconds=event.get("db.client.operation.duration", 0.0),
            rowcount=event.get("db.response.returned_rows"),
            calls=event.get("querysafe.calls", 1),
            executemany="db.operation.batch.size" in event,
            call_site=None
            if path is None
            else CallSite(
                path=path, line=event["code.line.number"], function=event["code.function.name"]
            ),
            orm_cause=OrmCause(
                loading=Loading(event.get("querysafe.loading", "core")),
                path=tuple(event.get("querysafe.orm_path", ())),
                entity=event.get("querysafe.entity", ""),
                owner=event.get("querysafe.owner", ""),
                columns=tuple(event.get("querysafe.columns", ())),
                reason=event.get("querysafe.reason", ""),
            ),
            parent=CallSite(**parent) if parent else None,
            parent_index=event.get("querysafe.parent_index"),
            index=event.get("querysafe.index", 0),
            source=event.get("querysafe.source", "sqlalchemy"),
            context=Context(
                test=event.get("querysafe.test", ""),
                phase=event.get("querysafe.phase", ""),
                task=event.get("querysafe.task", 0),
                request=event.get("querysafe.request", 0),
                request_name=event.get("querysafe.request_name", ""),
                graphql_path=event.get("querysafe.graphql_path", ""),
                transaction=event.get("querysafe.transaction", 0),
                engine=engine,
            ),
            error=event.get("error.type"),
        )
