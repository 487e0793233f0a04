"""A recording as rows of numbers: 100,000 queries must fit into a page."""

from dataclasses import dataclass, field

from querysafe.params import Params
from querysafe.query import CallSite, CapturedQuery, Loading
from querysafe.recording import Recording
from querysafe.report.html.tables import Table

COLUMNS = (
    "started",
    "duration",
    "statement",
    "site",
    "loading",
    "phase",
    "parent",
    "rows",
    "calls",
    "params",
    "cause",
    "owner",
    "request",
    "graphql",
    "transaction",
    "sets",
    "error",
    "task",
    "index",
)
"""Of each row; times in microseconds. What is absent at the end of a row is left out."""
_VALUES = 12
_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Tables:
    """What the rows name by position."""

    statements: Table[tuple[str, str, str]] = field(default_factory=Table)
    """Text, fingerprint and kind."""
    sites: Table[CallSite] = field(default_factory=Table)
    words: Table[str] = field(default_factory=Table)

    def statement(self, query: CapturedQuery) -> int:
        """Give the position of a query's statement."""
        return self.statements.add((query.statement, query.fingerprint, query.kind.value))

    def site(self, site: CallSite | None) -> int | None:
        """Give the position of a call site, if there is one."""
        return None if site is None else self.sites.add(site)

    def word(self, text: str | None) -> int | None:
        """Give the position of a text, if there is one."""
        return self.words.add(text) if text else None


def rows(recording: Recording, tables: Tables) -> list[list[object]]:
    """Give one row a query, in the order in which they began."""
    return [_row(place, query, tables) for place, query in enumerate(recording)]


def _row(place: int, query: CapturedQuery, tables: Tables) -> list[object]:
    context = query.context
    row: list[object] = [
        round(query.started_seconds * 1_000_000),
        round(query.duration_seconds * 1_000_000),
        tables.statement(query),
        tables.site(query.call_site),
        tables.word(query.orm_cause.loading.value),
        tables.word(context.phase),
        query.parent_index,
        query.rowcount,
        query.calls if query.calls != 1 else None,
        _params(query.params),
        tables.word(_cause(query)),
        query.orm_cause.owner or None,
        tables.word(f"{context.request_name} #{context.request}" if context.request_name else None),
        tables.word(context.graphql_path),
        context.transaction or None,
        query.params.sets if query.executemany else None,
        tables.word(query.error),
        context.task or None,
        query.index if query.index != place else None,
    ]
    while row[-1] is None:
        row.pop()
    return row


def _cause(query: CapturedQuery) -> str:
    """``Order.lines``, ``Order.total (deferred)``: what the ORM loaded, in words."""
    cause = query.orm_cause
    if cause.loading is Loading.COLUMN:
        columns = ", ".join(cause.columns[:3]) + (", …" if len(cause.columns) > 3 else "")
        name = f"{cause.entity}.{columns}" if len(cause.columns) == 1 else cause.entity
        return f"{name} ({cause.reason})" if cause.reason else name
    return cause.path[-1] if cause.path else cause.entity


def _params(params: Params) -> list[list[str]] | None:
    pairs = [
        (name.rpartition("db.query.parameter.")[2], v) for name, v in params.to_event().items()
    ]
    told = [[name, _shortened(value)] for name, value in pairs[:_VALUES]]
    if len(pairs) > _VALUES:
        told.append(["", f"and {len(pairs) - _VALUES} more"])
    return told or None


def _shortened(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}…"
