"""Memory: what the team accepts per test, as a committed text file per test module.

Everything here but :mod:`~querysafe.baseline.store` takes values and returns values.
"""

from querysafe.baseline.comparing import Comparison, compare
from querysafe.baseline.judging import ShapeGrowth, growths, improvements, judge, stale
from querysafe.baseline.model import Accepted, Baseline, accept, merged, readable
from querysafe.baseline.store import exists, file_of, load, write
from querysafe.baseline.updating import Seen, gone, union, update

__all__ = [
    "Accepted",
    "Baseline",
    "Comparison",
    "Seen",
    "ShapeGrowth",
    "accept",
    "compare",
    "exists",
    "file_of",
    "gone",
    "growths",
    "improvements",
    "judge",
    "load",
    "merged",
    "readable",
    "stale",
    "union",
    "update",
    "write",
]
