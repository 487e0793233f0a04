"""How many rows an index would hold, and how many different keys, from blocks of the table.

Statistics tell of single columns; of several together the planner guesses, and an index whose
keys repeat takes a third of one whose keys do not.
"""

import math
from dataclasses import dataclass

ENOUGH = 100
"""Rows of an index in a sample, from which on it tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """Keys in a sample. A key counts once in each block: rows that were written together often
    have the same keys, and blocks are what is sampled.
    """

    seen: float
    """Pairs of a block and a key."""
    different: float
    once: float
    """Keys that are in one block alone."""

    def keys(self, every: float) -> float:
        """Different keys among so many pairs, by the estimator that ANALYZE uses (P. J. Haas,
        L. Stokes, "Estimating the number of classes in a finite population", 1998: Duj1).
        """
        if not self.seen:
            return 0.0
        rest = self.seen - self.once + self.once * self.seen / max(every, self.seen)
        return self.seen * self.different / rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What blocks of a table hold of an index."""

    rows: float
    """Rows of the blocks."""
    held: float
    """Those of them that the index would hold."""
    whole: Half
    half: Half
    """Of every other block."""

    def of(self, rows: float) -> tuple[float, float]:
        """Rows and different keys of the index of a table of so many rows, rather too many.

        Where some keys repeat often and others never, the estimate grows with the sample; it is
        then taken to grow on as it did from the half to the whole, unless that was chance.
        """
        held = min(1.0, self.held / self.rows * (1.02 + 2 / math.sqrt(self.held))) * rows
        every = self.whole.seen / self.held * held
        found = self.whole.keys(every)
        again = self.half.seen - self.half.different
        before = self.half.keys(every)
        if again > 0 and before > 0:
            growth = math.log2(found / before) - 1.5 / math.sqrt(again)
            found *= max(1.0, every / self.whole.seen) ** min(1.0, max(0.0, growth))
        most = self.whole.different + self.whole.once * (every / self.whole.seen - 1)
        return held, max(1.0, min(found, most, every))
