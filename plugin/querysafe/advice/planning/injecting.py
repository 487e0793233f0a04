"""Statistics put into a clone: PostgreSQL 18 has functions for it, before it is catalog rows.

The layout of ``pg_statistic`` is that of ``src/include/catalog/pg_statistic.h``: up to five
slots of a kind, an operator, a collation, numbers and values.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from querysafe.advice.planning import catalog as catalogs
from querysafe.advice.planning.catalog import Catalog
from querysafe.advice.planning.reading import SPELLING
from querysafe.advice.planning.statistics import ColumnStatistics, Statistics

if TYPE_CHECKING:
    from psycopg import Connection

RESTORING = 180000
"""First version with ``pg_restore_relation_stats`` and ``pg_restore_attribute_stats``."""
_FLOAT8, _FLOAT8_LESS = 701, 672
_SLOTS = 5


@dataclass(frozen=True, slots=True)
class Size:
    """What ``pg_class`` says of a relation."""

    oid: int
    pages: int
    rows: float
    visible_pages: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """Statistics of one attribute of one relation, by its oid."""

    relation: int
    name: str
    inherited: bool
    column: ColumnStatistics


def set_sizes(connection: "Connection[Any]", sizes: Sequence[Size]) -> None:
    """Let the catalog say these sizes; the files must follow, or the planner scales them back."""
    name = "restore_sizes" if connection.info.server_version >= RESTORING else "set_sizes"
    connection.execute(
        catalogs.query(name).encode(),
        {
            "oids": [each.oid for each in sizes],
            "pages": [min(each.pages, 2**31 - 1) for each in sizes],
            "rows": [float(each.rows) for each in sizes],
            "visible": [min(each.visible_pages, 2**31 - 1) for each in sizes],
        },
    )


def set_columns(
    connection: "Connection[Any]", catalog: Catalog, statistics: Statistics
) -> tuple[str, ...]:
    """Put the statistics of columns in place of what is there; return the names that failed.

    ``catalog`` is the clone's own: its indexes' expressions get theirs, too.
    """
    for name, value in SPELLING.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    relations = [
        oid for each in catalog.values() for oid in (each.oid, *(i.oid for i in each.indexes))
    ]
    connection.execute("DELETE FROM pg_statistic WHERE starelid = ANY (%s::oid[])", (relations,))
    return put(connection, list(_entries(catalog, statistics)), version=statistics.version)


def put(
    connection: "Connection[Any]", entries: Sequence[Entry], *, version: int = 0
) -> tuple[str, ...]:
    """Add statistics where there are none; return the names that failed."""
    if not entries:
        return ()
    if connection.info.server_version >= RESTORING:
        statement, values = catalogs.query("restore_column"), _restored(entries, version)
    else:
        statement, values = _insert(), _inserted(connection, entries)
    return _put(connection, statement, entries, values)


def _entries(catalog: Catalog, statistics: Statistics) -> Iterable[Entry]:
    for table, found in statistics.tables.items():
        entry = catalog.get(table)
        if entry is None:
            continue
        names = {column.name for column in entry.columns}
        for inherited, columns in ((False, found.columns), (True, found.inherited)):
            for name, column in columns.items():
                if name in names and (inherited or entry.kind != "p"):
                    yield Entry(entry.oid, name, inherited, column)
        for index in entry.indexes:
            known = found.indexes.get(index.name)
            for name, column in known.columns.items() if known else ():
                if name in index.own_columns:
                    yield Entry(index.oid, name, False, column)


def _put(
    connection: "Connection[Any]",
    statement: str,
    entries: Sequence[Entry],
    values: Sequence[Mapping[str, Any]],
) -> tuple[str, ...]:
    """All in one go; should one fail, one by one, so that the others stand."""
    import psycopg

    text = statement.encode()
    try:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(text, values)
        return ()
    except psycopg.Error:
        failed = []
    for entry, each in zip(entries, values, strict=True):
        try:
            with connection.transaction():
                connection.execute(text, each)
        except psycopg.Error:
            failed.append(entry.name)
    return tuple(failed)


def _restored(entries: Sequence[Entry], version: int) -> list[dict[str, Any]]:
    return [
        {
            "relation": each.relation,
            "name": each.name,
            "inherited": each.inherited,
            "version": version or RESTORING,
            "null_fraction": each.column.null_fraction,
            "width": each.column.width,
            "distinct": each.column.distinct,
            "common_values": array(each.column.common_values),
            "common_frequencies": (
                numbers(each.column.common_frequencies) if each.column.common_values else None
            ),
            "bounds": array(each.column.bounds),
            "correlation": each.column.correlation,
            "elements": array(each.column.elements),
            "element_frequencies": (
                numbers(each.column.element_frequencies) if each.column.elements else None
            ),
            "element_counts": numbers(each.column.element_counts),
            "range_lengths": array(each.column.range_lengths),
            "range_empty": each.column.range_empty,
            "range_bounds": array(each.column.range_bounds),
        }
        for each in entries
    ]


def _inserted(connection: "Connection[Any]", entries: Sequence[Entry]) -> list[dict[str, Any]]:
    found = catalogs.rows(
        connection, "statistic_slots", relations=list({each.relation for each in entries})
    )
    needs = {(each["relation"], each["name"]): each for each in found}
    return [_row(each, needs[each.relation, each.name]) for each in entries]


def _row(entry: Entry, need: Mapping[str, Any]) -> dict[str, Any]:
    column = entry.column
    values: dict[str, Any] = {
        "relation": entry.relation,
        "number": need["number"],
        "inherited": entry.inherited,
        "null_fraction": column.null_fraction,
        "width": column.width,
        "distinct": column.distinct,
    }
    slots = list(_slots(column, need))[:_SLOTS]
    slots += [_Slot()] * (_SLOTS - len(slots))
    for n, slot in enumerate(slots, start=1):
        values |= {
            f"kind{n}": slot.kind,
            f"operator{n}": slot.operator,
            f"collation{n}": slot.collation,
            f"numbers{n}": slot.numbers,
            f"values{n}": array(slot.values),
            f"type{n}": slot.type,
        }
    return values


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slot:
    kind: int = 0
    operator: int = 0
    collation: int = 0
    numbers: list[float] | None = None
    values: tuple[str, ...] = ()
    type: int = 25


def _slots(column: ColumnStatistics, need: Mapping[str, Any]) -> Iterable[_Slot]:
    """The slots in the order of their kinds, 1 to 7."""
    kind, collation = need["type"], need["collation"]
    if column.common_values and need["equal"]:
        yield _Slot(
            kind=1,
            operator=need["equal"],
            collation=collation,
            numbers=numbers(column.common_frequencies),
            values=column.common_values,
            type=kind,
        )
    if column.bounds and need["less"]:
        yield _Slot(
            kind=2, operator=need["less"], collation=collation, values=column.bounds, type=kind
        )
    if column.correlation is not None and need["less"]:
        yield _Slot(
            kind=3, operator=need["less"], collation=collation, numbers=[column.correlation]
        )
    if column.elements and need["element_equal"]:
        yield _Slot(
            kind=4,
            operator=need["element_equal"],
            collation=need["element_collation"],
            numbers=numbers(column.element_frequencies),
            values=column.elements,
            type=need["element"],
        )
    if column.element_counts:
        yield _Slot(
            kind=5,
            operator=need["element_equal"],
            collation=need["element_collation"],
            numbers=numbers(column.element_counts),
        )
    if column.range_lengths and column.range_empty is not None:
        yield _Slot(
            kind=6,
            operator=_FLOAT8_LESS,
            numbers=[column.range_empty],
            values=column.range_lengths,
            type=_FLOAT8,
        )
    if column.range_bounds:
        yield _Slot(kind=7, values=column.range_bounds, type=kind)


def _insert() -> str:
    """``INSERT INTO pg_statistic`` of one row: ``array_in`` makes the ``anyarray`` of a slot."""
    slots = range(1, _SLOTS + 1)
    parts = [
        "%(relation)s::oid, %(number)s::int2, %(inherited)s::boolean, %(null_fraction)s::float4, "
        "%(width)s::int, %(distinct)s::float4",
        *(f"%(kind{n})s::int2" for n in slots),
        *(f"%(operator{n})s::oid" for n in slots),
        *(f"%(collation{n})s::oid" for n in slots),
        *(f"%(numbers{n})s::float4[]" for n in slots),
        *(f"array_in(%(values{n})s::cstring, %(type{n})s::oid, -1)" for n in slots),
    ]
    return f"INSERT INTO pg_statistic VALUES ({', '.join(parts)})"  # noqa: S608 - our own words


def numbers(values: Sequence[float]) -> list[float] | None:
    """Numbers as floats, since a file may spell one as ``1``; None when there are none."""
    return [float(each) for each in values] or None


def array(values: Sequence[str]) -> str | None:
    """Values as the text of an array; None when there are none."""
    if not values:
        return None
    quoted = ('"' + each.replace("\\", "\\\\").replace('"', '\\"') + '"' for each in values)
    return "{" + ",".join(quoted) + "}"
