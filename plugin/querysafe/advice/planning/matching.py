"""Statistics of one database brought to the tables of another."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from querysafe.advice.index import Table
from querysafe.advice.planning.catalog import Catalog, TableEntry
from querysafe.advice.planning.statistics import (
    ColumnStatistics,
    IndexStatistics,
    Statistics,
    TableStatistics,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What of a statistics file fits a database."""

    statistics: Statistics
    """Of the tables that both have, with the columns whose types agree."""
    absent: tuple[Table, ...] = ()
    """Tables of the file that the database lacks."""
    unknown: tuple[Table, ...] = ()
    """Tables of the database that the file lacks."""
    differing: tuple[str, ...] = ()
    """``schema.table.column`` of another type here than in the file."""
    indexes: tuple[str, ...] = ()
    """Indexes of the file, on tables that both have, that the database lacks."""

    def words(self) -> str:
        """What did not fit, in one sentence for each kind; empty when all did."""
        told = (
            ("the database lacks", [f"{each.schema}.{each.name}" for each in self.absent]),
            ("the file lacks", [f"{each.schema}.{each.name}" for each in self.unknown]),
            ("of another type here", list(self.differing)),
            ("the database lacks the indexes", list(self.indexes)),
        )
        return "".join(f"; {what}: {_some(names)}" for what, names in told if names)


def match(statistics: Statistics, catalog: Catalog) -> Match:
    """Keep what fits by schema, table, column and type; name the rest."""
    tables: dict[Table, TableStatistics] = {}
    differing: list[str] = []
    lacking: list[str] = []
    for table, found in statistics.tables.items():
        entry = catalog.get(table)
        if entry is None:
            continue
        columns = _fitting(entry, found.columns, differing)
        inherited = _fitting(entry, found.inherited, [])
        indexes = _indexes(entry, found.indexes, lacking)
        tables[table] = replace(found, columns=columns, inherited=inherited, indexes=indexes)
    return Match(
        statistics=replace(statistics, tables=tables),
        absent=tuple(sorted(table for table in statistics.tables if table not in catalog)),
        unknown=tuple(sorted(table for table in catalog if table not in statistics.tables)),
        differing=tuple(differing),
        indexes=tuple(sorted(lacking)),
    )


def _fitting(
    entry: TableEntry, columns: Mapping[str, ColumnStatistics], differing: list[str]
) -> dict[str, ColumnStatistics]:
    kept = {}
    for name, each in columns.items():
        here = entry.column(name)
        if here is None:
            continue
        if here.plain_type != each.type:
            differing.append(f"{entry.table.schema}.{entry.table.name}.{name}")
            continue
        kept[name] = each
    return kept


def _indexes(
    entry: TableEntry, indexes: Mapping[str, IndexStatistics], lacking: list[str]
) -> dict[str, IndexStatistics]:
    """By the names that they have here: the same name, or else the same definition."""
    kept: dict[str, IndexStatistics] = {}
    left = dict(indexes)
    for each in entry.indexes:
        own = left.get(each.name)
        if own is not None and own.definition in ("", each.index.definition()):
            kept[each.name] = left.pop(each.name)
    for each in entry.indexes:
        same = next((n for n, one in left.items() if one.definition == each.index.definition()), "")
        if each.name not in kept and same:
            kept[each.name] = left.pop(same)
    lacking.extend(left)
    return kept


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
