"""A planner over a clone: real indexes without rows, sizes without content."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from querysafe.advice.index import Index, Table
from querysafe.advice.planner import Basis, Existing, Offer, Plan, Refused, Relation
from querysafe.advice.planning import catalog as catalogs
from querysafe.advice.planning import measuring
from querysafe.advice.planning.catalog import TableEntry
from querysafe.advice.planning.explaining import encoded, explain, nodes, plan_of
from querysafe.advice.planning.facts import Facts
from querysafe.advice.planning.holes import grow
from querysafe.advice.planning.injecting import Size, set_columns, set_sizes
from querysafe.advice.planning.statistics import IndexStatistics, Statistics
from querysafe.advice.workload import Sample

if TYPE_CHECKING:
    from psycopg import Connection

    from querysafe.postgres.target import Target

_CANDIDATE = "querysafe_candidate_"
_NAME_BYTES = 63


class ClonePlanner:
    """Answers as the server would whose statistics it was given."""

    def __init__(
        self,
        target: "Target",
        basis: Basis,
        statistics: Statistics,
        *,
        settings: Mapping[str, str] | None = None,
        timeout_seconds: float = 30.0,
    ) -> None:
        self._connection = target.connect(autocommit=True)
        self._statistics = statistics
        self._timeout_seconds = timeout_seconds
        self._offers: dict[str, Offer] = {}
        self._switches: dict[str, tuple[int, ...]] = {}
        """Oids of the indexes that make up a candidate, by its name."""
        self._parts: dict[str, str] = {}
        """The candidate's name, by the name of its part on a partition."""
        self._on: set[str] = set()
        self._touched: dict[Any, frozenset[Table] | Refused] = {}
        self._plans: dict[Any, Plan | Refused] = {}
        self._read: dict[bytes, Plan] = {}
        self._configure(settings or {})
        catalog = catalogs.read(self._connection)
        self._facts = Facts(catalog, statistics)
        set_columns(self._connection, catalog, statistics)
        self.grown = self._resize()
        self._measure_existing()
        self.basis = basis
        """Where its numbers come from."""

    @property
    def version(self) -> int:
        """``server_version_num`` of the clone's server."""
        return self._connection.info.server_version

    def close(self) -> None:
        """End the connection; the clone is dropped by who made it."""
        self._connection.close()

    def relations(self) -> Mapping[Table, Relation]:
        """All tables of the database."""
        return self._facts.relations()

    def existing(self) -> Sequence[Existing]:
        """All indexes of those tables, with production's sizes."""
        return self._facts.existing()

    def distinct(self, table: Table, column: str) -> float | None:
        """Number of distinct values; None when not known."""
        return self._facts.distinct(table, column)

    def common(self, table: Table, column: str) -> Sequence[tuple[object, float]]:
        """Most common values with their frequency."""
        return self._facts.common(table, column)

    def null_fraction(self, table: Table, column: str) -> float | None:
        """Share of NULLs; None when not known."""
        return self._facts.null_fraction(table, column)

    def correlation(self, table: Table, column: str) -> float | None:
        """Physical order against logical; None when not known."""
        return self._facts.correlation(table, column)

    def offer(self, candidates: Collection[Index]) -> tuple[Sequence[Offer], Sequence[Refused]]:
        """Create candidates, for real and without rows, and switch them off.

        What was offered before is offered again under the same name.
        """
        known = {offer.index: offer for offer in self._offers.values()}
        fresh = [each for each in dict.fromkeys(candidates) if each not in known]
        made, refused = self._create(fresh)
        if made:
            self._switch_off(made)
            self._resize()
            for name, index in made.items():
                pages = self._measured(index)
                self._offers[name] = Offer(name=name, index=index, bytes=pages * measuring.PAGE)
            self._resize()
        known = {offer.index: offer for offer in self._offers.values()}
        wanted = dict.fromkeys(candidates)
        return [known[each] for each in wanted if each in known], refused

    def plan(self, sample: Sample, *, enabled: Collection[Offer] = ()) -> Plan | Refused:
        """Plan a sample with these candidates; what they cannot change is not planned again."""
        try:
            key: Any = (sample.sql, encoded(sample.values))
        except (UnicodeEncodeError, ValueError):
            return Refused(what=sample, why="a value cannot be written as text")
        touched = self._touched.get(key)
        if touched is None:
            touched = self._tables_of(sample, key)
        if isinstance(touched, Refused):
            return replace(touched, what=sample)
        names = frozenset(offer.name for offer in enabled if offer.index.table in touched)
        found = self._plans.get((key, names))
        if found is None:
            found = self._plans[key, names] = self._planned(sample, names, touched)
        return replace(found, what=sample) if isinstance(found, Refused) else found

    def _tables_of(self, sample: Sample, key: Any) -> frozenset[Table] | Refused:
        """Tables whose indexes can change a plan: those that the plan without candidates reads."""
        every = frozenset(self._facts.catalog)
        plan = self._planned(sample, frozenset(), every)
        self._plans[key, frozenset()] = plan
        if isinstance(plan, Refused):
            found: frozenset[Table] | Refused = plan
        else:
            found = frozenset(
                above
                for node in nodes(plan.root)
                if "Relation Name" in node
                for above in catalogs.ancestors(
                    self._facts.catalog, Table(node.get("Schema", ""), node["Relation Name"])
                )
            )
        self._touched[key] = found
        return found

    def _planned(
        self, sample: Sample, names: frozenset[str], touched: frozenset[Table]
    ) -> Plan | Refused:
        self._switch(names, touched)
        content, why = explain(self._connection, sample)
        if content is None:
            return Refused(what=sample, why=why or "")
        plan = self._read.get(content)
        if plan is None:
            plan = self._read[content] = plan_of(content, self._parts)
        return plan

    def _switch(self, names: frozenset[str], touched: frozenset[Table]) -> None:
        """Let exactly these candidates be valid on the tables that matter now."""
        relevant = {n for n in self._on if self._offers[n].index.table in touched}
        if relevant == names:
            return
        off = [oid for name in relevant - names for oid in self._switches[name]]
        on = [oid for name in names - relevant for oid in self._switches[name]]
        self._connection.execute(
            "UPDATE pg_index SET indisvalid = NOT indisvalid WHERE indexrelid = ANY (%s::oid[])",
            (off + on,),
        )
        self._on = (self._on - relevant) | names

    def _create(self, candidates: Sequence[Index]) -> tuple[dict[str, Index], list[Refused]]:
        import psycopg

        made: dict[str, Index] = {}
        refused: list[Refused] = []
        if not candidates:
            return made, refused
        self._empty({each.table for each in candidates})
        for each in candidates:
            name = f"{_CANDIDATE}{len(self._offers) + len(made) + 1}"
            try:
                with self._connection.transaction():
                    for extension in each.extensions:
                        self._extend(extension)
                    self._connection.execute(each.create(name).encode())
            except psycopg.Error as error:
                words = error.diag.message_primary or str(error).strip()
                refused.append(Refused(what=each, why=words))
            else:
                made[name] = each
        return made, refused

    def _extend(self, name: str) -> None:
        from psycopg import sql

        self._connection.execute(
            sql.SQL("CREATE EXTENSION IF NOT EXISTS {} CASCADE").format(sql.Identifier(name))
        )

    def _empty(self, tables: Collection[Table]) -> None:
        """Give tables new, empty files, so that an index on them is made in no time."""
        known = [
            str(each)
            for each in tables
            if each in self._facts.catalog and self._facts.catalog[each].kind in "rp"
        ]
        if known:
            self._connection.execute(f"TRUNCATE {', '.join(known)} CASCADE".encode())

    def _switch_off(self, made: Mapping[str, Index]) -> None:
        catalog = catalogs.read(self._connection)
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
                    self._parts[own_name] = name
                    waiting.append(child)
            self._switches[name] = tuple(found)
        self._connection.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = ANY (%s::oid[])",
            ([oid for name in made for oid in self._switches[name]],),
        )
        self._new = catalog

    def _resize(self) -> bool:
        """Let all relations have production's sizes, in the catalog and on the disk."""
        catalog = catalogs.read(self._connection)
        sizes: list[Size] = []
        for table, entry in catalog.items():
            known = self._statistics.tables.get(table)
            if known is None:
                continue
            if entry.kind == "p":
                continue
            sizes.append(Size(entry.oid, known.pages, known.rows, known.visible_pages))
            for index in entry.indexes:
                own = known.indexes.get(index.name)
                pages = own.pages if own else self._candidate_pages(index.name, entry)
                if not index.partitioned and pages:
                    sizes.append(Size(index.oid, pages, own.rows if own else known.rows))
        set_sizes(self._connection, sizes)
        return grow(self._connection, {each.oid: each.pages for each in sizes})

    def _candidate_pages(self, name: str, entry: TableEntry) -> int:
        """Pages of a candidate, or of its part on a partition by the partition's share of rows."""
        offer = self._offers.get(self._parts.get(name, name))
        if offer is None:
            return 0
        pages = offer.bytes // measuring.PAGE
        whole = self._facts.rows(offer.index.table)
        if offer.index.table == entry.table or whole <= 0:
            return pages
        return max(1, round(pages * self._facts.rows(entry.table) / whole))

    def _measured(self, index: Index) -> int:
        return measuring.pages_of(self._connection, self._facts, index)

    def _measure_existing(self) -> None:
        """Estimate the indexes whose size in production nobody told."""
        tables = dict(self._statistics.tables)
        for table, entry in self._facts.catalog.items():
            known = tables.get(table)
            if known is None:
                continue
            indexes = dict(known.indexes)
            for each in entry.indexes:
                own = indexes.get(each.name)
                if each.partitioned or (own is not None and own.pages > 0) or known.rows <= 0:
                    continue
                pages, rows = measuring.size_of(self._connection, self._facts, each.index)
                indexes[each.name] = replace(
                    own or IndexStatistics(pages=0, rows=-1), pages=pages, rows=rows
                )
            tables[table] = replace(known, indexes=indexes)
        self._statistics = replace(self._statistics, tables=tables)
        self._facts = Facts(self._facts.catalog, self._statistics)
        self._resize()

    def _configure(self, settings: Mapping[str, str]) -> None:
        connection: Connection[Any] = self._connection
        connection.execute(
            "SELECT set_config(name, wanted, false) FROM pg_settings "
            "JOIN unnest(%s::text[], %s::text[]) AS w (own, wanted) ON own = name "
            "WHERE context IN ('user', 'superuser')",
            (list(settings), list(settings.values())),
        )
        milliseconds = int(self._timeout_seconds * 1000)
        connection.execute("SELECT set_config('jit', 'off', false)")
        connection.execute(
            "SELECT set_config('statement_timeout', %s, false)", (str(milliseconds),)
        )
