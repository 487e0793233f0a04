"""What a planner knows beside plans: tables, indexes, and how values are spread."""

from collections.abc import Callable, Mapping, Sequence

from querysafe.advice.index import Table
from querysafe.advice.planner import Existing, Relation
from querysafe.advice.planning.catalog import Catalog, TableEntry
from querysafe.advice.planning.statistics import ColumnStatistics, Statistics, TableStatistics

PAGE = 8192
_MERGES_CHARACTERS = 180000
_NUMBERS: Mapping[str, Callable[[str], object]] = {
    "smallint": int,
    "integer": int,
    "bigint": int,
    "real": float,
    "double precision": float,
    "boolean": lambda text: text == "t",
}


class Facts:
    """A catalog with the statistics that its planner uses."""

    def __init__(
        self, catalog: Catalog, statistics: Statistics, mergeable: frozenset[str] = frozenset()
    ) -> None:
        self.catalog = catalog
        self.statistics = statistics
        self.mergeable = mergeable
        """Types whose equal keys a B-tree keeps once."""

    def merges(self, type_: str) -> bool:
        """Whether a B-tree of production keeps equal keys of a type once. ``character(n)`` it
        does not everywhere before 18, though the catalog says so (seen on 15).
        """
        return type_ in self.mergeable and (
            type_ != "character" or self.statistics.version >= _MERGES_CHARACTERS
        )

    def relations(self) -> Mapping[Table, Relation]:
        """All tables; a partitioned one has the rows and bytes of its partitions."""
        return {table: self._relation(entry) for table, entry in self.catalog.items()}

    def existing(self) -> Sequence[Existing]:
        """All indexes but those that are parts of a partitioned table's."""
        found = []
        for table, entry in self.catalog.items():
            known = self.statistics.tables.get(table)
            for each in entry.indexes:
                if each.parent is not None:
                    continue
                own = known.indexes.get(each.name) if known else None
                found.append(
                    Existing(
                        name=each.name,
                        index=each.index,
                        bytes=PAGE * (own.pages if own else each.blocks)
                        + sum(self._part_bytes(each.oid)),
                        valid=each.valid,
                        constraint=each.constraint,
                        primary=each.primary,
                        scans=own.scans if own else None,
                        counted_since=self.statistics.counted_since,
                        counted_until=self.statistics.taken,
                    )
                )
        return found

    def distinct(self, table: Table, column: str) -> float | None:
        """Number of distinct values."""
        known = self._column(table, column)
        if known is None or known.distinct == 0:
            return None
        if known.distinct > 0:
            return known.distinct
        return -known.distinct * max(0.0, self.rows(table))

    def common(self, table: Table, column: str) -> Sequence[tuple[object, float]]:
        """Most common values with their frequency."""
        known = self._column(table, column)
        if known is None:
            return ()
        entry = self.catalog[table].column(column)
        read = _NUMBERS.get(entry.base_type if entry else "", str)
        return tuple(
            (read(value), share)
            for value, share in zip(known.common_values, known.common_frequencies, strict=False)
        )

    def null_fraction(self, table: Table, column: str) -> float | None:
        """Share of NULLs."""
        known = self._column(table, column)
        return None if known is None else known.null_fraction

    def width(self, table: Table, column: str) -> int | None:
        """Average bytes of a value."""
        known = self._column(table, column)
        return None if known is None else known.width

    def correlation(self, table: Table, column: str) -> float | None:
        """Physical order against logical."""
        known = self._column(table, column)
        return None if known is None else known.correlation

    def element_count(self, table: Table, column: str) -> float | None:
        """Average number of elements of an array or lexemes of a document; None if not known."""
        known = self._column(table, column)
        return known.element_counts[-1] if known is not None and known.element_counts else None

    def elements(self, table: Table, column: str) -> int:
        """Number of different elements that statistics know; 0 when they know none."""
        known = self._column(table, column)
        return len(known.element_frequencies) if known is not None else 0

    def rows(self, table: Table) -> float:
        """Rows of a table with its partitions; 0.0 where nothing is known."""
        entry = self.catalog[table]
        known = self.statistics.tables.get(table)
        own = max(0.0, known.rows) if known is not None and entry.kind != "p" else 0.0
        return own + sum(self.rows(child) for child in entry.children)

    def pages(self, table: Table) -> int:
        """Pages of a table with its partitions."""
        entry = self.catalog[table]
        known = self.statistics.tables.get(table)
        own = known.pages if known is not None and entry.kind != "p" else 0
        return own + sum(self.pages(child) for child in entry.children)

    def _relation(self, entry: TableEntry) -> Relation:
        return Relation(
            table=entry.table,
            rows=self.rows(entry.table),
            bytes=self.pages(entry.table) * PAGE,
            columns={column.name: column.compared_type for column in entry.columns},
            primary_key=entry.primary_key,
            foreign_keys=entry.foreign_keys,
            partitions=entry.children,
            writes=self._writes(entry),
        )

    def _writes(self, entry: TableEntry) -> float | None:
        known = self.statistics.tables.get(entry.table)
        found = [known.writes if known else None]
        found += [self._writes(self.catalog[child]) for child in entry.children]
        told = [each for each in found if each is not None]
        return sum(told) if told else None

    def _part_bytes(self, parent: int) -> list[int]:
        found = []
        for table, entry in self.catalog.items():
            known = self.statistics.tables.get(table)
            for each in entry.indexes:
                if each.parent == parent:
                    own = known.indexes.get(each.name) if known else None
                    found.append(PAGE * (own.pages if own else each.blocks))
                    found.extend(self._part_bytes(each.oid))
        return found

    def _column(self, table: Table, column: str) -> ColumnStatistics | None:
        entry = self.catalog.get(table)
        if entry is None:
            return None
        known: TableStatistics | None = self.statistics.tables.get(table)
        if known is not None:
            found = known.inherited.get(column) if entry.children else None
            if found is not None or column in known.columns:
                return found or known.columns[column]
        return next(
            (each for child in entry.children if (each := self._column(child, column))), None
        )
