"""Yardsticks: two published ways to choose, written plainly over the same planner.

AutoAdmin: S. Chaudhuri, V. Narasayya, VLDB 1997, what is best for each query, then greedily of
those; Extend: R. Schlosser, J. Kossmann, M. Boissier, ICDE 2019, the step (a new index, or one
column more on one) that saves most for its bytes. Candidates are what their reference
implementations take: the columns of a query's conditions, joins and groups, in every order.
"""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

from querysafe.advice.candidates.expressions import columns
from querysafe.advice.candidates.plans import accesses
from querysafe.advice.choosing.costs import Costs, Subject
from querysafe.advice.index import Index, Key
from querysafe.advice.planner import Offer, Planner
from querysafe.advice.subjects import plan
from querysafe.advice.workload import Workload

_WIDTH = 2
_BEST = 2
"""So many indexes of one query are sought together at most, by AutoAdmin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A planner with the candidates of one workload."""

    costs: Costs
    subjects: Sequence[Subject]
    offers: dict[Index, Offer]
    budget: int
    until: float
    """Monotonic time after which it keeps what it has."""

    def total(self, names: frozenset[str]) -> float:
        return sum(each.weight * self.costs.price(each, names) for each in self.subjects)

    def bytes(self, names: frozenset[str]) -> int:
        return sum(each.bytes for each in self.offers.values() if each.name in names)

    @property
    def late(self) -> bool:
        return time.monotonic() > self.until

    def chosen(self, names: frozenset[str]) -> list[str]:
        """The indexes as statements."""
        return [
            index.create(offer.name) for index, offer in self.offers.items() if offer.name in names
        ]


def prepared(planner: Planner, workload: Workload, budget: int, seconds: float) -> Rival:
    """Plan the workload and offer every permutation of two columns that a query asks of a table."""
    until = time.monotonic() + seconds
    subjects, _ = plan(planner, workload.statements, 1)
    found: dict[Index, None] = {}
    for subject in subjects:
        for access in (each for plan_ in subject.plans for each in accesses(plan_.root)):
            names = {c.name for part in access.conditions for c in columns(part)
                     if c.alias == access.alias}  # fmt: skip
            names |= {c.name for group in access.groups for part in group for c in columns(part)}
            names &= planner.relations()[access.table].columns.keys()
            for width in range(1, _WIDTH + 1):
                for keys in itertools.permutations(sorted(names), width):
                    found[Index(access.table, tuple(map(Key, keys)))] = None
    offers, _ = planner.offer(list(found))
    costs = Costs(planner)
    costs.know(offers)
    return Rival(
        costs=costs, subjects=subjects, offers={each.index: each for each in offers},
        budget=budget, until=until,
    )  # fmt: skip


def autoadmin(rival: Rival) -> list[str]:
    """The best of each query, then greedily those that save most of the whole."""
    candidates: set[str] = set()
    for subject in rival.subjects:
        names = rival.costs.relevant(subject, [each.name for each in rival.offers.values()])
        for _ in range(_BEST):
            used = rival.costs.used(subject, names)
            candidates |= used
            names -= used
    chosen: frozenset[str] = frozenset()
    cost = rival.total(chosen)
    while not rival.late:
        tried = [
            (rival.total(chosen | {name}), name)
            for name in sorted(candidates - chosen)
            if not rival.late and rival.bytes(chosen | {name}) <= rival.budget
        ]
        if not tried or min(tried)[0] >= cost:
            break
        cost, name = min(tried)
        chosen |= {name}
    return rival.chosen(chosen)


def extend(rival: Rival) -> list[str]:
    """Grow the choice by the step that saves most for its bytes."""
    chosen: frozenset[str] = frozenset()
    cost = rival.total(chosen)
    while not rival.late:
        best: tuple[float, float, frozenset[str]] | None = None
        for index, offer in rival.offers.items():
            short = rival.offers.get(Index(index.table, index.keys[:-1]))
            longer = len(index.keys) > 1
            if (
                rival.late
                or offer.name in chosen
                or (longer and (short is None or short.name not in chosen))
            ):
                continue
            grown = chosen - ({short.name} if longer and short else set()) | {offer.name}
            more = rival.bytes(grown) - rival.bytes(chosen)
            if rival.bytes(grown) > rival.budget:
                continue
            now = rival.total(grown)
            ratio = (cost - now) / max(1, more)
            if now < cost * 0.9999 and (best is None or ratio > best[0]):
                best = (ratio, now, grown)
        if best is None:
            break
        _, cost, chosen = best
    return rival.chosen(chosen)
