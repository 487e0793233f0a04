"""How good a choice is, as one number."""

import math
from collections.abc import Collection, Mapping, Sequence

from querysafe.advice.choosing.costs import Costs, Subject
from querysafe.advice.choosing.limits import Limits
from querysafe.advice.choosing.writing import Write, entry_cost, writes
from querysafe.advice.index import Table
from querysafe.advice.planner import Offer, Relation

_EACH, _BY_CALLS, _TOTAL = 0.6, 0.2, 0.2
"""How much the three means count that :class:`Worth` adds up."""
_STORAGE = 0.1
"""What an index as large as the whole database takes away: one of a twentieth of its size must
halve at least one of 60 statements."""
_STORAGE_GIVEN = 0.02
"""The same within a budget, which says itself what space is worth."""

_EACH_INDEX = 0.002
"""What any index takes away, however small: planning time, a name to know, a thing to keep."""

_MISUSED = 0.01
"""What it takes away that an index is read whole by a statement that wants a rewrite: as much as
one of 60 statements is worth that becomes three times cheaper."""


class Worth:
    """The worth of sets of candidates for a workload.

    It is the logarithm of how many times cheaper statements become: in the mean of all, so
    that no rare statement is left slow; in the mean by calls; and of the total, which is what
    the server feels. Maintenance of the indexes is part of the cost of what writes.
    """

    def __init__(
        self,
        costs: Costs,
        subjects: Sequence[Subject],
        offers: Mapping[str, Offer],
        relations: Mapping[Table, Relation],
        limits: Limits,
        hopeless: Collection[int] = (),
    ) -> None:
        """``hopeless`` are the positions of statements that want a rewrite and no index."""
        self.hopeless = frozenset(hopeless)
        self._costs = costs
        self.subjects = subjects
        self._offers = offers
        self._penalty = limits.write_penalty
        self._storage = _STORAGE if limits.budget_bytes is None else _STORAGE_GIVEN
        self._writes: list[tuple[Write, ...]] = [writes(each) for each in subjects]
        self._before = [costs.price(each, ()) for each in subjects]
        self._logs = [math.log(max(cost, 0.01)) for cost in self._before]
        self._calls = sum(each.weight for each in subjects) or 1.0
        self._total = sum(
            each.weight * cost for each, cost in zip(subjects, self._before, strict=True)
        )
        self._size = max(1.0, float(sum(each.bytes for each in relations.values())))
        self._upkeep: dict[tuple[int, str], float] = {}
        self._felt: dict[Table, frozenset[int]] = {}

    def before(self, position: int) -> float:
        """Cost of a statement now."""
        return self._before[position]

    def cost(self, position: int, names: Collection[str]) -> float:
        """Cost of a statement with candidates, what it pays to keep them included."""
        if position in self.hopeless:
            return self._before[position]
        return self._costs.price(self.subjects[position], names) + self.upkeep(position, names)

    def bound(self, position: int, names: Collection[str]) -> float:
        """What that is at most, by the plans known so far."""
        if position in self.hopeless:
            return self._before[position]
        return self._costs.bound(self.subjects[position], names) + self.upkeep(position, names)

    def upkeep(self, position: int, names: Collection[str]) -> float:
        """What one call of a statement pays to keep candidates current."""
        made = self._writes[position]
        return sum(self._kept(position, made, name) for name in names) if made else 0.0

    def _kept(self, position: int, made: tuple[Write, ...], name: str) -> float:
        key = (position, name)
        if key not in self._upkeep:
            self._upkeep[key] = self._penalty * entry_cost(self._offers[name].index, made)
        return self._upkeep[key]

    def write_cost(self, name: str) -> float:
        """What the whole workload pays to keep one candidate current."""
        return sum(
            subject.weight * self._kept(position, made, name)
            for position, (subject, made) in enumerate(
                zip(self.subjects, self._writes, strict=True)
            )
            if made
        )

    def touched(self, names: Collection[str]) -> set[int]:
        """Positions of the statements that could feel a change of these candidates."""
        tables = {self._offers[name].index.table for name in names}
        return set().union(*(self._feeling(table) for table in tables))

    def _feeling(self, table: Table) -> frozenset[int]:
        if table not in self._felt:
            self._felt[table] = frozenset(
                position
                for position, subject in enumerate(self.subjects)
                if table in subject.tables
                or any(each.table == table for each in self._writes[position])
            )
        return self._felt[table]

    def of(self, costs: Sequence[float], names: Collection[str]) -> float:
        """Worth of a choice, given what each statement costs under it."""
        each = by_calls = total = 0.0
        for position, (subject, after) in enumerate(zip(self.subjects, costs, strict=True)):
            gain = self._logs[position] - math.log(max(after, 0.01))
            each += gain
            by_calls += subject.weight * gain
            total += subject.weight * after
        held = sum(self._offers[name].bytes for name in names) / self._size
        return (
            _EACH * each / max(1, len(self.subjects))
            + _BY_CALLS * by_calls / self._calls
            + _TOTAL * math.log(max(self._total, 0.01) / max(total, 0.01))
            - self._storage * held
            - _EACH_INDEX * len(names)
            - _MISUSED
            * sum(bool(self._costs.used(self.subjects[at], names)) for at in self.hopeless)
        )
