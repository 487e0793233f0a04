"""What all planners have in common: facts, and plans that are asked for once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from querysafe.advice.index import Index, Table
from querysafe.advice.planner import Basis, Existing, Offer, Plan, Refused, Relation
from querysafe.advice.planning import catalog as catalogs
from querysafe.advice.planning import measuring
from querysafe.advice.planning.explaining import (
    analyze,
    encoded,
    explain,
    is_readonly,
    nodes,
    plan_of,
)
from querysafe.advice.planning.facts import Facts
from querysafe.advice.planning.permissions import Permissions
from querysafe.advice.workload import Sample

if TYPE_CHECKING:
    from psycopg import Connection

_MEASURED = ("database", "statistics")
"""The bases whose sizes of indexes were measured somewhere, and not estimated here."""
_BIG = 10_000_000


class AskingPlanner:
    """Asks a server for plans, each once. Subclasses switch candidates on and off."""

    def __init__(self, connection: "Connection[Any]", basis: Basis, facts: Facts) -> None:
        self.basis = basis
        """Where its numbers come from."""
        self.connection = connection
        self.facts = facts
        self.extensions = catalogs.extensions(connection)
        """Names of those that the database has before any candidate is made."""
        self.offers: dict[str, Offer] = {}
        self.names: dict[str, str] = {}
        """The candidate's name, by a name that a plan may have for it."""
        self.permissions: Permissions | None = None
        """What the role may not see: explains why a statement cannot be planned."""
        self.faulty: Sequence[Existing] = ()
        """Invalid indexes of the database, which its clone lacks."""
        self.analyzes = False
        """Whether a plan without candidates is also executed, where that is safe."""
        self._touched: dict[Any, frozenset[Table] | Refused] = {}
        self._plans: dict[Any, Plan | Refused] = {}
        self._read: dict[bytes, Plan] = {}

    @property
    def version(self) -> int:
        """``server_version_num``."""
        return self.connection.info.server_version

    def close(self) -> None:
        """End the connection."""
        self.connection.close()

    def switch(self, names: frozenset[str], touched: frozenset[Table]) -> None:
        """Let exactly these candidates be there for a statement that touches these tables."""
        raise NotImplementedError

    def relations(self) -> Mapping[Table, Relation]:
        """All tables of the database."""
        return self.facts.relations()

    def existing(self) -> Sequence[Existing]:
        """All indexes of those tables, with production's sizes."""
        found = [*self.facts.existing(), *self.faulty]
        if self.basis.name not in _MEASURED:
            return found
        return [
            replace(each, expected_bytes=self._expected(each.index))
            if each.valid and each.bytes >= _BIG
            else each
            for each in found
        ]

    def _expected(self, index: Index) -> int | None:
        """What a B-tree of whole columns that were analysed takes; of others too little is known."""
        columns = [*(key.column for key in index.keys), *index.include]
        known = [self.facts.null_fraction(index.table, name) for name in columns if name]
        if index.method != "btree" or index.where or len(known) < len(columns) or None in known:
            return None
        return measuring.pages_of(self.connection, self.facts, index) * measuring.PAGE

    def distinct(self, table: Table, column: str) -> float | None:
        """Number of distinct values; None when not known."""
        return self.facts.distinct(table, column)

    def common(self, table: Table, column: str) -> Sequence[tuple[object, float]]:
        """Most common values with their frequency."""
        return self.facts.common(table, column)

    def null_fraction(self, table: Table, column: str) -> float | None:
        """Share of NULLs; None when not known."""
        return self.facts.null_fraction(table, column)

    def width(self, table: Table, column: str) -> int | None:
        """Average bytes of a value; None when not known."""
        return self.facts.width(table, column)

    def correlation(self, table: Table, column: str) -> float | None:
        """Physical order against logical; None when not known."""
        return self.facts.correlation(table, column)

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
        every = frozenset(self.facts.catalog)
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
                    self.facts.catalog, Table(node.get("Schema", ""), node["Relation Name"])
                )
            )
        self._touched[key] = found
        return found

    def _planned(
        self, sample: Sample, names: frozenset[str], touched: frozenset[Table]
    ) -> Plan | Refused:
        self.switch(names, touched)
        content, why = explain(self.connection, sample)
        if content is not None and self.analyzes and not names and is_readonly(content):
            executed, _ = analyze(self.connection, sample)
            content = executed or content
        if content is None:
            refused = Refused(what=sample, why=why or "")
            return self.permissions.told(refused) if self.permissions else refused
        plan = self._read.get(content)
        if plan is None:
            plan = self._read[content] = plan_of(content, self.names)
        return plan


def configure(
    connection: "Connection[Any]", settings: Mapping[str, str], timeout_seconds: float
) -> None:
    """Give a session the settings that plans depend on, and let no statement run for long."""
    connection.execute(
        "SELECT set_config(name, wanted, false) FROM pg_settings "
        "JOIN unnest(%s::text[], %s::text[]) AS w (own, wanted) ON own = name "
        "WHERE context IN ('user', 'superuser')",
        (list(settings), list(settings.values())),
    )
    milliseconds = str(int(timeout_seconds * 1000))
    for name, value in (
        ("jit", "off"),
        ("statement_timeout", milliseconds),
        ("lock_timeout", milliseconds),
    ):
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))
