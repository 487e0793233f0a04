"""Loads the lexicon's rows into an empty schema: by COPY on PostgreSQL, else by INSERT."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Engine, Table, insert, text

from tests.lexicon.core.database import Base
from tests.lexicon.data import cldr, people
from tests.lexicon.models import TABLES

CHUNK = 2_000
LEARNERS = {"full": 600, "slice": 12}

Row = tuple[Any, ...]
OnRows = Callable[[str, int], None]


class Size(StrEnum):
    """How much is loaded."""

    FULL = "full"
    """All of CLDR: about a quarter of a million rows."""
    SLICE = "slice"
    """A few thousand rows with the same ids, the same on every machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a load did."""

    rows: int
    seconds: float
    by_table: dict[str, int]

    @property
    def rows_per_second(self) -> int:
        return round(self.rows / self.seconds) if self.seconds else self.rows


def load(engine: Engine, size: Size, on_rows: OnRows | None = None) -> Loaded:
    """Fill an empty schema in one transaction and gather the planner's statistics.

    ``on_rows`` is called with the table's name and the number of rows just sent.
    """
    tell = on_rows or (lambda _table, _rows: None)
    write = _copy if engine.dialect.name == "postgresql" else _insert
    started = time.perf_counter()
    by_table: dict[str, int] = {}
    with engine.begin() as connection:
        for name, rows in _rows(size):
            table = Base.metadata.tables[name]
            by_table[name] = write(connection, table, rows, tell)
        if engine.dialect.name == "postgresql":
            _restart_sequences(connection)
        connection.execute(text("ANALYZE"))
    seconds = time.perf_counter() - started
    return Loaded(rows=sum(by_table.values()), seconds=seconds, by_table=by_table)


def _rows(size: Size) -> Iterator[tuple[str, Iterable[Row]]]:
    """Table and rows, in an order that satisfies every foreign key."""
    whole = size is Size.FULL
    tags = None if whole else cldr.SLICE_LANGUAGES
    concepts = [row for row in cldr.concepts() if whole or cldr.in_slice(row)]
    concept_ids = {row.id for row in concepts}
    languages = list(cldr.languages(tags))
    language_ids = {row.id for row in languages}
    known = cldr.language_ids()
    learners = people.invent(
        LEARNERS[size],
        sorted(known[tag] for tag in cldr.SLICE_LANGUAGES),
        [row.id for row in concepts if row.code and cldr.in_slice(row)],
    )
    yield "permission", people.permission_rows()
    yield "role", people.role_rows()
    yield "role_permission", people.role_permission_rows()
    yield "language", _tuples("language", languages)
    yield "concept", _tuples("concept", concepts)
    names = (row for row in cldr.translations(tags) if row.concept_id in concept_ids)
    yield "translation", _tuples("translation", names)
    spoken = (
        row
        for row in cldr.speakers()
        if row.territory_id in concept_ids and row.language_id in language_ids
    )
    yield "speakers", _tuples("speakers", spoken)
    yield "user_account", learners.users
    yield "profile", learners.profiles
    yield "user_role", learners.user_roles
    yield "progress", learners.progress


def _tuples(table: str, rows: Iterable[object]) -> Iterator[Row]:
    """Read the columns of ``table``, in their order, off objects with attributes of that name."""
    return map(attrgetter(*Base.metadata.tables[table].columns.keys()), rows)


def _copy(connection: Connection, table: Table, rows: Iterable[Row], tell: OnRows) -> int:
    columns = ", ".join(column.name for column in table.columns)
    total = 0
    with (
        connection.connection.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy,  # type: ignore[attr-defined]
    ):
        for chunk in _chunks(rows):
            for row in chunk:
                copy.write_row(row)
            total += len(chunk)
            tell(table.name, len(chunk))
    return total


def _insert(connection: Connection, table: Table, rows: Iterable[Row], tell: OnRows) -> int:
    names = table.columns.keys()
    total = 0
    for chunk in _chunks(rows):
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in chunk])
        total += len(chunk)
        tell(table.name, len(chunk))
    return total


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _restart_sequences(connection: Connection) -> None:
    for table in TABLES:
        if "id" in table.columns:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id))"
                    f" FROM {table.name}"
                )
            )
