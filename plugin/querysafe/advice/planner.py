"""What the choice needs of a planner, whoever answers: a clone, HypoPG, or the database itself."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from querysafe.advice.index import Index, Table
from querysafe.advice.workload import Sample, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """How many rows a table was taken to have, of which nobody said it."""

    table: Table
    rows: float
    why: str
    """What that was concluded from, in words that may stand in parentheses."""
    margin: float = 1.0
    """By what the size of an index on it is multiplied before it is held against a budget: one
    that a budget is kept for should not break it where there were more rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Where sizes and statistics come from; said in every report."""

    name: str
    """``database``, ``statistics``, ``declared``, ``assumed`` or ``structure``."""
    words: str
    """One sentence for a person."""
    priced: bool = True
    """False when costs mean nothing (``structure``): no percentages are then shown."""
    assumed: tuple[Assumed, ...] = ()
    """The tables whose sizes are no more than that, the largest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """An index of the database, as the catalog knows it."""

    name: str
    index: Index
    bytes: int
    """Size as production has it, where that is known."""
    valid: bool = True
    constraint: bool = False
    """Whether a primary key, unique or exclusion constraint stands on it."""
    primary: bool = False
    """Whether the primary key stands on it."""
    scans: int | None = None
    """Times used since counting began; None where not known."""
    counted_since: str = ""
    """The day on which counting began, as in ``2026-11-25``; empty when no counter was ever reset."""
    counted_until: str = ""
    """The day on which the counters were read."""
    expected_bytes: int | None = None
    """What it would take when built anew; None where that was not estimated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table as the planner sees it."""

    table: Table
    rows: float
    bytes: int
    columns: Mapping[str, str]
    """Type (``format_type``) by column name, in order of position."""
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[tuple[tuple[str, ...], Table, tuple[str, ...]], ...] = ()
    """``(columns, referenced table, referenced columns)``."""
    partitions: tuple[Table, ...] = ()
    writes: float | None = None
    """Rows inserted, updated and deleted since statistics were reset, where known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One answer of ``EXPLAIN (VERBOSE, FORMAT JSON)``."""

    cost: float
    """Total cost of the top node, in the planner's units; triggers are not in it."""
    root: Mapping[str, Any]
    """The ``Plan`` object: https://www.postgresql.org/docs/current/sql-explain.html."""
    indexes: frozenset[str]
    """Names of all indexes used. A candidate's name is what :meth:`Planner.offer` gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A candidate that the planner can be asked about."""

    name: str
    index: Index
    bytes: int
    """Estimated size in production."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A candidate, a sample or a statement that the server did not take, and its words."""

    what: Index | Sample | Statement
    why: str
    cure: str = ""
    """What to type so that it is taken; empty when there is nothing."""


class Planner(Protocol):
    """Answers as production's planner would. Nothing it does outlives it."""

    @property
    def basis(self) -> Basis:
        """Where its numbers come from."""

    @property
    def version(self) -> int:
        """``server_version_num``."""

    def relations(self) -> Mapping[Table, Relation]:
        """All tables of the database that are not the system's."""

    def existing(self) -> Sequence[Existing]:
        """All indexes of those tables."""

    @property
    def extensions(self) -> frozenset[str]:
        """Names of those that the database has by itself."""

    def offer(self, candidates: Collection[Index]) -> tuple[Sequence[Offer], Sequence[Refused]]:
        """Make candidates known (built on the clone, or hypothetical); all stay switched off."""

    def plan(self, sample: Sample, *, enabled: Collection[Offer] = ()) -> Plan | Refused:
        """Plan a sample with these candidates beside the existing indexes; never executes it."""

    def distinct(self, table: Table, column: str) -> float | None:
        """Number of distinct values as ``pg_stats`` counts it, in values; None when not known."""

    def common(self, table: Table, column: str) -> Sequence[tuple[object, float]]:
        """Most common values with their frequency, most frequent first; empty when not known."""

    def null_fraction(self, table: Table, column: str) -> float | None:
        """Share of NULLs, 0 to 1; None when not known."""

    def width(self, table: Table, column: str) -> int | None:
        """Average bytes of a value; None when not known."""

    def correlation(self, table: Table, column: str) -> float | None:
        """Physical order against logical, -1 to 1; None when not known."""
