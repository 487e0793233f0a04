"""A database's own planner statistics, read with the rights of an ordinary role."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from querysafe.advice.index import Table
from querysafe.advice.planning import catalog as catalogs
from querysafe.advice.planning.catalog import Catalog, TableEntry
from querysafe.advice.planning.statistics import (
    ColumnStatistics,
    IndexStatistics,
    Statistics,
    TableStatistics,
)

if TYPE_CHECKING:
    from psycopg import Connection

SPELLING = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
}
"""Settings under which a value is spelled the same by every session."""

_RANGES = 170000
"""First version whose ``pg_stats`` shows the statistics of ranges."""

_FIELDS = {
    "null_fraction": "null_frac",
    "width": "avg_width",
    "distinct": "n_distinct",
    "common_values": "most_common_vals::text::text[]",
    "common_frequencies": "most_common_freqs",
    "bounds": "histogram_bounds::text::text[]",
    "correlation": "correlation",
    "elements": "most_common_elems::text::text[]",
    "element_frequencies": "most_common_elem_freqs",
    "element_counts": "elem_count_histogram",
}
_RANGE_FIELDS = {
    "range_lengths": "range_length_histogram::text::text[]",
    "range_empty": "range_empty_frac",
    "range_bounds": "range_bounds_histogram::text::text[]",
}


def statistics_of(connection: "Connection[Any]", catalog: Catalog) -> Statistics:
    """Read the statistics of all tables of a catalog, with every value the role may see.

    A table that was never analysed, or that the role may not read, has its size and no columns.
    """
    version = connection.info.server_version
    for name, value in SPELLING.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    found = _rows(connection, version)
    return Statistics(
        version=version,
        taken=datetime.now(UTC).date().isoformat(),
        counted_since=_counted_since(connection),
        collation=_collation(connection),
        settings=settings_of(connection),
        tables={table: _table(entry, found) for table, entry in catalog.items()},
        unreadable=tuple(
            table for table, entry in catalog.items() if not entry.is_readable or entry.is_filtered
        ),
    )


def settings_of(connection: "Connection[Any]") -> dict[str, str]:
    """The settings that plans depend on."""
    return {each["name"]: each["setting"] for each in catalogs.rows(connection, "planner_settings")}


def _counted_since(connection: "Connection[Any]") -> str:
    """The day on which the server began to count; empty where it never was told to begin anew."""
    row = connection.execute(
        "SELECT coalesce((stats_reset AT TIME ZONE 'UTC')::date::text, '') "
        "FROM pg_stat_database WHERE datname = current_database()"
    ).fetchone()
    return row[0] if row else ""


def _collation(connection: "Connection[Any]") -> str:
    """How the database sorts text: ``C`` where that is by bytes, whoever provides it."""
    row = connection.execute(
        "SELECT to_jsonb(d) ->> 'datlocprovider', datcollate, to_jsonb(d) ->> 'datlocale' "
        "FROM pg_database AS d WHERE datname = current_database()"
    ).fetchone()
    assert row is not None
    provider, collate, locale = row
    return "C" if provider == "b" or collate == "POSIX" else locale or collate


def _rows(
    connection: "Connection[Any]", version: int
) -> dict[Table, dict[bool, dict[str, dict[str, Any]]]]:
    """``pg_stats`` by relation (an index is one, too), inheritance and attribute."""
    from psycopg.rows import dict_row

    wanted = {**_FIELDS, **(_RANGE_FIELDS if version >= _RANGES else {})}
    columns = ", ".join(f"s.{text} AS {name}" for name, text in wanted.items())
    found: dict[Table, dict[bool, dict[str, dict[str, Any]]]] = defaultdict(
        lambda: {False: {}, True: {}}
    )
    statement = catalogs.query("column_statistics").replace("/* columns */", columns)
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(statement.encode()):
            table = Table(row.pop("schema"), row.pop("relation"))
            found[table][row.pop("is_inherited")][row.pop("attribute")] = row
    return found


def _table(
    entry: TableEntry, found: Mapping[Table, Mapping[bool, Mapping[str, Mapping[str, Any]]]]
) -> TableStatistics:
    own = found.get(entry.table, {False: {}, True: {}})
    indexes = {}
    for each in entry.indexes:
        expressions = found.get(Table(entry.table.schema, each.name), {False: {}})
        indexes[each.name] = IndexStatistics(
            pages=each.blocks,
            rows=each.rows,
            definition=each.index.definition(),
            scans=each.scans,
            columns={name: _column(row) for name, row in expressions[False].items()},
        )
    return TableStatistics(
        pages=entry.blocks,
        rows=_rows_now(entry),
        visible_pages=min(entry.visible_pages, entry.blocks),
        writes=entry.writes,
        columns={name: _column(row) for name, row in own[False].items()},
        inherited={name: _column(row) for name, row in own[True].items()},
        indexes=indexes,
    )


def _rows_now(entry: TableEntry) -> float:
    """Rows as the planner counts them: the density when analysed, times the size today."""
    if entry.rows < 0 or (entry.pages == 0 and entry.blocks > 0):
        return -1.0
    if entry.pages == 0 or entry.pages == entry.blocks:
        return entry.rows
    return round(entry.rows / entry.pages * entry.blocks)


def _column(row: Mapping[str, Any]) -> ColumnStatistics:
    known: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row.items()
        if value is not None
    }
    return ColumnStatistics(**known)
