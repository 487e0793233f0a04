"""How a count of queries follows the number of rows: the law that fits what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Law:
    """``constant + slope * N ** power`` queries for N rows; ``power`` is 0, 1 or 2."""

    constant: float
    slope: float
    power: int

    @property
    def grows(self) -> bool:
        """Whether more rows mean more queries."""
        return self.power > 0

    def __str__(self) -> str:
        if not self.grows:
            return "constant"
        term = "N" if self.power == 1 else "N·M"
        if self.constant >= 1 and self.constant == int(self.constant) and self.slope == 1:
            return f"{int(self.constant)} + {term}"
        return f"~{term}"


def fit(points: Sequence[tuple[int, int]]) -> Law:
    """Fit the plainest law to pairs of a number of rows and a number of queries.

    A line that would have to begin below zero grows faster than the rows: two nested loops.
    Fewer queries for more rows, as caches make them, are no growth.
    """
    (fewer, before), (more, after) = points[0], points[-1]
    if after <= before or more <= fewer:
        return Law(after, 0, 0)
    slope = (after - before) / (more - fewer)
    constant = before - slope * fewer
    if constant >= 0:
        return Law(constant, slope, 1)
    steep = (after - before) / (more**2 - fewer**2)
    return Law(max(before - steep * fewer**2, 0), steep, 2)
