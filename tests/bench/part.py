"""What a part of the bench is, and the table that it answers with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Cell = str | int | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the bench was called."""

    quick: bool = False
    """Fewer rounds and workloads: a look, not a result."""
    calls_only: bool = False
    """Count calls and take no time: exact on a busy machine, too."""
    instructions: bool = False
    """Count instructions under valgrind, too: exact, and fifty times slower."""
    only: str = ""
    """Part of the name of the workloads to run."""
    root: Path = Path()
    """The checkout."""
    binaries: Path | None = None
    """Where the programs of another PostgreSQL are; the embedded one otherwise."""
    progress: Callable[[str], None] = print


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of one measurement. Every row has the same keys."""

    title: str
    rows: Sequence[Mapping[str, Cell]]
    notes: Sequence[str] = ()
    misses: Sequence[str] = ()
    """Targets that were not reached, as sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that is measured. ``run`` may take minutes."""

    name: str
    summary: str
    run: Callable[[Options], Sequence[Table]]
