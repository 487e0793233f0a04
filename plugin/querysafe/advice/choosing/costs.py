"""What each statement costs under a set of candidates, asking the planner as rarely as possible.

A plan that was made with the candidates S and uses U is also the plan under every set
between U and S: taking away what is not used changes nothing (C. Papadomanolakis,
D. Dash, A. Ailamaki, "Efficient Use of the Query Optimizer for Automated Physical Design",
VLDB 2007, call this INUM's reuse).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from querysafe.advice.candidates.expressions import Call, Operation, within
from querysafe.advice.candidates.parsing import parse
from querysafe.advice.candidates.plans import nodes
from querysafe.advice.index import Table
from querysafe.advice.planner import Offer, Plan, Planner, Refused
from querysafe.advice.workload import Sample, Statement

_UNUSABLE = 1e15
"""Price of what the planner refuses."""


@dataclass(frozen=True, slots=True)
class Priced:
    """One sample under one set of candidates."""

    cost: float
    used: frozenset[str]
    """Names of the candidates in its plan."""


@dataclass(slots=True)
class Subject:
    """A statement that is advised on, with its plans as the database is now."""

    statement: Statement
    samples: tuple[Sample, ...]
    plans: tuple[Plan, ...]
    tables: frozenset[Table]
    weight: float
    """Its calls."""


class Costs:
    """Prices of subjects under sets of offers, by name."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._offers: dict[str, Offer] = {}
        self._tables: dict[str, Table] = {}
        self._bits: dict[str, int] = {}
        self._known: dict[str, list[tuple[int, int, Priced]]] = {}
        """By sample: the candidates of each plan that was made and those that it uses, as bits."""
        self._keys: dict[int, tuple[Sample, str]] = {}
        self._allowed: dict[str, frozenset[str]] = {}
        self.asked = 0
        """How often the planner was asked."""

    def know(self, offers: Iterable[Offer]) -> None:
        """Take the candidates that the planner accepted."""
        for offer in offers:
            self._offers[offer.name] = offer
            self._tables[offer.name] = offer.index.table
            self._bits.setdefault(offer.name, 1 << len(self._bits))

    def relevant(self, subject: Subject, names: Collection[str]) -> frozenset[str]:
        """Those of the candidates that lie on the tables of a statement."""
        allowed = self._allowed.get(subject.statement.fingerprint)
        if allowed is not None:
            return allowed.intersection(names)
        return frozenset(name for name in names if self._tables[name] in subject.tables)

    def narrow(self, subject: Subject, pooled: Collection[str], names: Collection[str]) -> None:
        """Hold for irrelevant what begins with no key that a pooled candidate begins with."""
        leads = {(self._tables[name], self._offers[name].index.keys[0].target) for name in pooled}
        self._allowed[subject.statement.fingerprint] = frozenset(
            name
            for name in names
            if name in pooled
            or (self._tables[name], self._offers[name].index.keys[0].target) in leads
        )

    def widen(self) -> None:
        """Let every candidate on a statement's tables matter again."""
        self._allowed.clear()

    def price(self, subject: Subject, names: Collection[str]) -> float:
        """Mean cost of a statement over its samples."""
        found = self.priced(subject, names)
        return sum(each.cost for each in found) / len(found)

    def used(self, subject: Subject, names: Collection[str]) -> frozenset[str]:
        """The candidates that any of its plans uses."""
        return frozenset().union(*(each.used for each in self.priced(subject, names)))

    def priced(self, subject: Subject, names: Collection[str]) -> Sequence[Priced]:
        """Each sample under the candidates."""
        relevant = self.relevant(subject, names)
        return [self._sample(sample, relevant) for sample in subject.samples]

    def _sample(self, sample: Sample, names: frozenset[str]) -> Priced:
        known = self._of(sample)
        now = self._mask(names)
        for enabled, used, priced in known:
            if not used & ~now and not now & ~enabled:
                return priced
        self.asked += 1
        plan = self._planner.plan(sample, enabled=[self._offers[name] for name in sorted(names)])
        if isinstance(plan, Refused):
            # It was planned before: what refuses now is a candidate, which is then useless.
            priced = Priced(_UNUSABLE, frozenset())
        else:
            priced = Priced(honest(plan), plan.indexes & names)
        known.append((now, self._mask(priced.used), priced))
        return priced

    def bound(self, subject: Subject, names: Collection[str]) -> float:
        """What a statement costs at most, by the plans known so far; asks nothing.

        A plan stays possible while the candidates that it uses are there.
        """
        now = self._mask(self.relevant(subject, names))
        found = [
            min(
                (priced.cost for _, used, priced in self._of(each) if not used & ~now),
                default=_UNUSABLE,
            )
            for each in subject.samples
        ]
        return sum(found) / len(found)

    def uses(self, subject: Subject) -> set[frozenset[str]]:
        """What the plans known so far use together."""
        return {
            priced.used
            for each in subject.samples
            for _, _, priced in self._of(each)
            if priced.used
        }

    def _mask(self, names: Collection[str]) -> int:
        return sum(self._bits[name] for name in names)

    def _of(self, sample: Sample) -> list[tuple[int, int, Priced]]:
        """What is known of a sample; equal ones share it."""
        held = self._keys.get(id(sample))
        if held is None:
            held = self._keys[id(sample)] = (sample, repr(sample))
        return self._known.setdefault(held[1], [])

    def plan(self, subject: Subject, names: Collection[str]) -> Plan | None:
        """The plan of a statement's first sample with candidates, to show."""
        relevant = self.relevant(subject, names)
        plan = self._planner.plan(
            subject.samples[0], enabled=[self._offers[name] for name in sorted(relevant)]
        )
        return None if isinstance(plan, Refused) else plan

    def remember(self, sample: Sample, plan: Plan) -> None:
        """Take a plan that was made without candidates."""
        self._of(sample).append((0, 0, Priced(honest(plan), frozenset())))


def honest(plan: Plan) -> float:
    """The cost of a plan, but for a LIMIT that the planner believes to be reached at once.

    Of ``lower(email) = $1`` it knows nothing, takes one row in 200 to match and a scan
    with LIMIT 1 to end almost where it begins; in truth the scan reads the whole table.
    """
    cost = plan.cost
    for node, _ in nodes(plan.root):
        if node.get("Node Type") != "Limit":
            continue
        for child in node.get("Plans", ()):
            scan = _only_below(child)
            if scan.get("Node Type") == "Seq Scan" and _is_guessed(str(scan.get("Filter", ""))):
                cost += float(scan["Total Cost"]) - min(
                    float(node["Total Cost"]), float(scan["Total Cost"])
                )
    return cost


def _only_below(node: Mapping[str, Any]) -> Mapping[str, Any]:
    while node.get("Node Type") in ("Gather", "Result", "Subquery Scan"):
        children = node.get("Plans")
        if not isinstance(children, list) or len(children) != 1:
            break
        node = children[0]
    return node


def _is_guessed(condition: str) -> bool:
    return any(
        isinstance(each, Operation) and each.operator == "=" and isinstance(each.left, Call)
        for each in within(parse(condition))
    )
