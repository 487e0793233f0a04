"""Statistics without values that somebody should not see."""

from collections.abc import Mapping
from dataclasses import replace

from querysafe.advice.planning.catalog import Catalog, TableEntry
from querysafe.advice.planning.statistics import (
    ColumnStatistics,
    Statistics,
    TableStatistics,
)

FEW = 50
"""Distinct values up to which a text column is a vocabulary and no personal data."""

_MEASURES = frozenset(
    {
        "smallint",
        "integer",
        "bigint",
        "numeric",
        "real",
        "double precision",
        "boolean",
        "oid",
        "date",
        "timestamp without time zone",
        "timestamp with time zone",
        "time without time zone",
        "time with time zone",
        "interval",
    }
)
_TEXTS = frozenset({"text", "character varying", "character", '"char"', "name", "citext"})


def masked(statistics: Statistics, catalog: Catalog, *, values: str = "few") -> Statistics:
    """Withhold values, and keep every number.

    ``values`` is ``all``, ``none``, or ``few``: values of numbers, dates, booleans and
    enumerations, and text only of columns whose values repeat and are at most :data:`FEW`.
    Frequencies, distinct counts and widths stay, so that sizes and selectivities do.
    """
    if values == "all":
        return replace(statistics, values="all")
    tables = {
        table: _table(each, catalog.get(table), values) for table, each in statistics.tables.items()
    }
    return replace(statistics, values=values, tables=tables)


def _table(table: TableStatistics, entry: TableEntry | None, values: str) -> TableStatistics:
    def columns(found: Mapping[str, ColumnStatistics]) -> dict[str, ColumnStatistics]:
        return {name: _column(each, entry, name, values) for name, each in found.items()}

    return replace(
        table,
        columns=columns(table.columns),
        inherited=columns(table.inherited),
        indexes={
            name: replace(
                each,
                columns={key: _column(one, None, key, values) for key, one in each.columns.items()},
            )
            for name, each in table.indexes.items()
        },
    )


def _column(
    column: ColumnStatistics, entry: TableEntry | None, name: str, values: str
) -> ColumnStatistics:
    if values == "few" and _may_be_seen(column, entry, name):
        return column
    if not (column.common_values or column.bounds or column.elements or column.range_bounds):
        return column
    return replace(column, common_values=(), bounds=(), elements=(), range_bounds=(), withheld=True)


def _may_be_seen(column: ColumnStatistics, entry: TableEntry | None, name: str) -> bool:
    """Whether the type or the count of distinct values says that it is nobody's secret.

    ``n_distinct`` is a count only where values repeat: a share of the rows (negative) means
    that nearly each row has its own.
    """
    declared = entry.column(name) if entry else None
    base = declared.base_type if declared else column.type
    if base in _MEASURES or (declared is not None and declared.sort == "e"):
        return True
    return base in _TEXTS and 0 < column.distinct <= FEW
