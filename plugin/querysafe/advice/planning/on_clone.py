"""A planner over a clone: real indexes without rows, sizes without content."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from querysafe.advice.index import Index, Table
from querysafe.advice.planner import Basis, Offer, Refused
from querysafe.advice.planning import catalog as catalogs
from querysafe.advice.planning import measuring
from querysafe.advice.planning.asking import AskingPlanner, configure
from querysafe.advice.planning.catalog import Catalog, TableEntry
from querysafe.advice.planning.counting import Counted
from querysafe.advice.planning.deriving import derived, has_expressions
from querysafe.advice.planning.facts import Facts
from querysafe.advice.planning.holes import grow
from querysafe.advice.planning.injecting import Entry, Size, put, set_columns, set_sizes
from querysafe.advice.planning.sampling import Elements, Sampling
from querysafe.advice.planning.statistics import (
    ColumnStatistics,
    IndexStatistics,
    Statistics,
)

if TYPE_CHECKING:
    from querysafe.postgres.target import Target

_CANDIDATE = "querysafe_candidate_"
_COUNTED_PAGES = 500
"""Pages of an index from which on its keys are counted."""


class ClonePlanner(AskingPlanner):
    """Answers as the server would whose statistics it was given.

    ``dense`` is for a clone whose files cannot be grown: its few rows stay, and the catalog
    says that they are as many as in production, which keeps row counts right but not pages.
    ``sampler`` is asked how the values of expressions are spread that no column tells of.
    """

    def __init__(
        self,
        target: "Target",
        basis: Basis,
        statistics: Statistics,
        *,
        settings: Mapping[str, str] | None = None,
        timeout_seconds: float = 30.0,
        dense: bool = False,
        sampler: Sampling | None = None,
    ) -> None:
        connection = target.connect(autocommit=True)
        configure(connection, settings or {}, timeout_seconds)
        catalog = catalogs.read(connection)
        super().__init__(
            connection, basis, Facts(catalog, statistics, catalogs.mergeable(connection))
        )
        self._statistics = statistics
        self._dense = dense
        self._sampler = sampler
        self._expressions: dict[tuple[Table, str], ColumnStatistics | None] = {}
        """What a sample says of expressions."""
        self._of_candidates: dict[str, dict[str, ColumnStatistics]] = {}
        """What is known of the expressions of a candidate, by its name."""
        self._split: dict[tuple[Table, str], Elements | None] = {}
        self._switches: dict[str, tuple[int, ...]] = {}
        """Oids of the indexes that make up a candidate, by its name."""
        self._on: set[str] = set()
        set_columns(connection, catalog, statistics)
        self._derive(catalog, {each.name for entry in catalog.values() for each in entry.indexes})
        self._resize()
        self._measure_existing()

    def offer(self, candidates: Collection[Index]) -> tuple[Sequence[Offer], Sequence[Refused]]:
        """Create candidates, for real and without rows, and switch them off.

        What was offered before is offered again under the same name.
        """
        known = {offer.index: offer for offer in self.offers.values()}
        fresh = [each for each in dict.fromkeys(candidates) if each not in known]
        made, refused = self._create(fresh)
        if fresh:  # tables were emptied for them, be they refused
            catalog = self._switch_off(made)
            if any(map(has_expressions, made.values())):
                parts = {part for part, name in self.names.items() if name in made}
                self._derive(catalog, {*made, *parts})
            self._resize()
            for name, index in made.items():
                pages = self._measured(name, index)
                self.offers[name] = Offer(name=name, index=index, bytes=pages * measuring.PAGE)
            self._resize()
        known = {offer.index: offer for offer in self.offers.values()}
        wanted = dict.fromkeys(candidates)
        return [known[each] for each in wanted if each in known], refused

    def switch(self, names: frozenset[str], touched: frozenset[Table]) -> None:
        """Let exactly these candidates be valid: the planner skips an invalid index."""
        relevant = {n for n in self._on if self.offers[n].index.table in touched}
        if relevant == names:
            return
        off = [oid for name in relevant - names for oid in self._switches[name]]
        on = [oid for name in names - relevant for oid in self._switches[name]]
        self.connection.execute(
            "UPDATE pg_index SET indisvalid = NOT indisvalid WHERE indexrelid = ANY (%s::oid[])",
            (off + on,),
        )
        self._on = (self._on - relevant) | names

    def _create(self, candidates: Sequence[Index]) -> tuple[dict[str, Index], list[Refused]]:
        import psycopg

        made: dict[str, Index] = {}
        refused: list[Refused] = []
        with self._without_triggers(), self.connection.transaction():
            if not self._dense:
                self._empty({each.table for each in candidates})
            for each in candidates:
                name = f"{_CANDIDATE}{len(self.offers) + len(made) + 1}"
                try:
                    with self.connection.transaction():
                        for extension in each.extensions:
                            self._extend(extension)
                        self.connection.execute(each.create(name).encode())
                except psycopg.Error as error:
                    words = error.diag.message_primary or str(error).strip()
                    refused.append(Refused(what=each, why=words))
                else:
                    made[name] = each
        return made, refused

    def _extend(self, name: str) -> None:
        from psycopg import sql

        self.connection.execute(
            sql.SQL("CREATE EXTENSION IF NOT EXISTS {} CASCADE").format(sql.Identifier(name))
        )

    @contextmanager
    def _without_triggers(self) -> Iterator[None]:
        """Let no trigger of the database see what is done here, event triggers included."""
        self.connection.execute("SET session_replication_role = replica")
        try:
            yield
        finally:
            self.connection.execute("RESET session_replication_role")

    def _empty(self, tables: Collection[Table]) -> None:
        """Give tables new, empty files, so that an index on them is made in no time."""
        kinds = {
            each: self.facts.catalog[each].kind for each in tables if each in self.facts.catalog
        }
        truncated = [str(each) for each, kind in kinds.items() if kind in "rp"]
        if truncated:
            self.connection.execute(f"TRUNCATE {', '.join(truncated)} CASCADE".encode())
        for each, kind in kinds.items():
            if kind == "m":
                self.connection.execute(f"REFRESH MATERIALIZED VIEW {each} WITH NO DATA".encode())

    def _switch_off(self, made: Mapping[str, Index]) -> Catalog:
        """Make the candidates invalid at once; return the catalog in which they are."""
        catalog = catalogs.read(self.connection)
        children: dict[int, list[tuple[int, str]]] = {}
        oids: dict[str, int] = {}
        for entry in catalog.values():
            for each in entry.indexes:
                oids[each.name] = each.oid
                if each.parent is not None:
                    children.setdefault(each.parent, []).append((each.oid, each.name))
        for name in made:
            waiting, found = [oids[name]], []
            while waiting:
                oid = waiting.pop()
                found.append(oid)
                for child, own_name in children.get(oid, ()):
                    self.names[own_name] = name
                    waiting.append(child)
            self._switches[name] = tuple(found)
        # Emptying a table rebuilds all its indexes, which makes those valid that were off.
        off = [
            oid for name in self._switches if name not in self._on for oid in self._switches[name]
        ]
        self.connection.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = ANY (%s::oid[])", (off,)
        )
        return catalog

    def _derive(self, catalog: Catalog, names: Collection[str]) -> None:
        """Give indexes on expressions statistics, where production told none."""
        entries: list[Entry] = []
        for table, entry in catalog.items():
            known = self._statistics.tables.get(table)
            if known is None:
                continue
            for index in entry.indexes:
                if index.name not in names or not has_expressions(index.index):
                    continue
                sampled = partial(self._sampled, entry)
                for name, text, column in derived(self.connection, entry, known, index, sampled):
                    candidate = self.names.get(index.name, index.name)
                    self._of_candidates.setdefault(candidate, {})[text] = column
                    entries.append(Entry(index.oid, name, False, column))
        put(self.connection, entries, version=self._statistics.version)

    def _sampled(self, entry: TableEntry, expression: str) -> ColumnStatistics | None:
        key = (entry.table, expression)
        if key not in self._expressions:
            self._expressions[key] = (
                self._sampler(entry, expression, self.facts.rows(entry.table))
                if self._sampler is not None
                else None
            )
        return self._expressions[key]

    def _resize(self) -> None:
        """Let all relations have production's sizes, in the catalog and on the disk."""
        catalog = catalogs.read(self.connection)
        sizes: list[Size] = []
        for table, entry in catalog.items():
            known = self._statistics.tables.get(table)
            if known is None:
                continue
            if entry.kind == "p":
                continue
            if self._dense:
                sizes.append(Size(entry.oid, entry.blocks, known.rows if entry.blocks else -1))
                continue
            sizes.append(Size(entry.oid, known.pages, known.rows, known.visible_pages))
            for index in entry.indexes:
                own = known.indexes.get(index.name)
                pages = own.pages if own else self._candidate_pages(index.name, entry)
                if not index.partitioned and pages:
                    sizes.append(Size(index.oid, pages, own.rows if own else known.rows))
        set_sizes(self.connection, sizes)
        if not self._dense:
            grow(self.connection, {each.oid: each.pages for each in sizes})

    def _candidate_pages(self, name: str, entry: TableEntry) -> int:
        """Pages of a candidate, or of its part on a partition by the partition's share of rows."""
        offer = self.offers.get(self.names.get(name, name))
        if offer is None:
            return 0
        pages = offer.bytes // measuring.PAGE
        whole = self.facts.rows(offer.index.table)
        if offer.index.table == entry.table or whole <= 0:
            return pages
        return max(1, round(pages * self.facts.rows(entry.table) / whole))

    def _measured(self, name: str, index: Index) -> int:
        known = self._of_candidates.get(name, {})
        pages = measuring.pages_of(self.connection, self.facts, index, known, self._elements(index))
        counted = self._counted(index) if pages >= _COUNTED_PAGES else None
        if counted is None:
            return pages
        return measuring.pages_of(self.connection, self.facts, index, known, counted=counted)

    def _counted(self, index: Index) -> Counted | None:
        """How many rows and keys a big B-tree would have, where statistics do not tell."""
        if self._sampler is None or index.method != "btree":
            return None
        if not index.where and (index.include or len(index.keys) == 1):
            return None
        keys = [each.target for each in (index.keys[:1] if index.include else index.keys)]
        entry, pages = self.facts.catalog[index.table], self.facts.pages(index.table)
        return self._sampler.keys(entry, keys, index.where, pages)

    def _elements(self, index: Index) -> Elements | None:
        """Into what a GIN index would split its values, as a sample of the source's rows has it."""
        entry = self.facts.catalog[index.table]
        key = index.keys[0]
        column = entry.column(key.column)
        kind = _kind(key.expression if column is None else column.plain_type)
        if index.method != "gin" or self._sampler is None or not kind:
            return None
        if (index.table, key.target) not in self._split:
            self._split[index.table, key.target] = self._sampler.elements(entry, key.target, kind)
        return self._split[index.table, key.target]

    def _measure_existing(self) -> None:
        """Estimate the indexes whose size in production nobody told."""
        tables = dict(self._statistics.tables)
        for table, entry in self.facts.catalog.items():
            known = tables.get(table)
            if known is None:
                continue
            indexes = dict(known.indexes)
            for each in entry.indexes:
                own = indexes.get(each.name)
                if each.partitioned or (own is not None and own.pages > 0) or known.rows <= 0:
                    continue
                pages, rows = measuring.size_of(self.connection, self.facts, each.index)
                indexes[each.name] = replace(
                    own or IndexStatistics(pages=0, rows=-1), pages=pages, rows=rows
                )
            tables[table] = replace(known, indexes=indexes)
        self._statistics = replace(self._statistics, tables=tables)
        self.facts = Facts(self.facts.catalog, self._statistics, self.facts.mergeable)
        self._resize()


def _kind(type_: str) -> str:
    """How a value is split: by its type, or the function that gives it."""
    if type_.endswith("[]"):
        return "array"
    if type_ == "jsonb":
        return "jsonb"
    return "tsvector" if type_.startswith(("tsvector", "to_tsvector(")) else ""
