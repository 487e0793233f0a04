"""What a choice may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a choice, all of them the user's."""

    budget_bytes: int | None = None
    """All advised indexes together; None for as much as pays."""
    per_table: int = 16
    """New indexes of one table."""
    write_penalty: float = 1.0
    """By what the cost of writing an index is multiplied; 0 for a workload that only reads."""
    seconds: float = 24.0
    """After so long the search keeps what it has."""
    statements: int = 300
    """The dearest statements that are advised on, by cost and calls; those that write count all."""
    samples: int = 3
    """Sets of values of a statement that are planned."""
