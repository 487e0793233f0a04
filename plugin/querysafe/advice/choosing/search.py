"""The search for the best set of candidates: greedy by worth a byte, then exchanges, then pruning."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from querysafe.advice.choosing.costs import Costs
from querysafe.advice.choosing.limits import Limits
from querysafe.advice.choosing.worth import Worth
from querysafe.advice.covering import covers
from querysafe.advice.index import Index, Table
from querysafe.advice.planner import Offer

_LEAST = 0.0005
"""A change of worth below this is noise."""
_PLANNED = 0.98
"""How much of the budget is planned with: sizes are estimates."""
_SUSPECTS = 12
"""Indexes that are tried to be done without."""
_MUCH = 0.02
"""From this on it is worth asking what could make room for it."""


@dataclass(frozen=True, slots=True)
class State:
    """A choice, what each statement costs under it, and its worth."""

    names: frozenset[str]
    costs: tuple[float, ...]
    worth: float


class Search:
    """Searches the pool. Every state it visits keeps the limits."""

    def __init__(
        self,
        costs: Costs,
        worth: Worth,
        pools: Sequence[frozenset[str]],
        offers: Mapping[str, Offer],
        limits: Limits,
        margins: Mapping[Table, float] = MappingProxyType({}),
    ) -> None:
        self._costs = costs
        self._worth = worth
        self._pools = pools
        self._offers = offers
        self._bytes = {
            name: int(each.bytes * margins.get(each.index.table, 1.0))
            for name, each in offers.items()
        }
        self._limits = limits
        self._until = time.monotonic() + limits.seconds
        self._names = sorted(frozenset().union(*pools)) if pools else []
        self._covering = {
            name: [
                other
                for other in self._names
                if other != name and covers(offers[other].index, offers[name].index)
            ]
            for name in self._names
        }
        self._mean = sum(self._offers[name].bytes for name in self._names) / max(
            1, len(self._names)
        )

    def run(self) -> State:
        """The best choice found."""
        for position, subject in enumerate(self._worth.subjects):
            if position not in self._worth.hopeless:
                self._costs.narrow(subject, self._pools[position], self._names)
        empty = self._state(frozenset())
        begun = self._state(self._sketched(empty).names)
        found = self._improved(self._greedy(empty))
        if self._late or begun.worth > found.worth:
            found = max(found, self._improved(self._greedy(begun)), key=lambda each: each.worth)
        if self._limits.budget_bytes is not None and not self._late:
            # What is best without a budget, cut down to it, is sometimes better than what grew
            # within it: two indexes that serve a join only together are kept together.
            free = self._greedy(empty, fitting=False)
            other = self._improved(self._fitted(free, frozenset()))
            found = max(found, other, key=lambda each: each.worth)
            found = self._rebuilt(found)
        self._costs.widen()
        return self._pruned(self._state(found.names))

    def _improved(self, state: State) -> State:
        while not self._late:
            better = self._exchanged(state)
            if better is None:
                break
            state = better
        return state

    @property
    def _late(self) -> bool:
        return time.monotonic() > self._until

    def bytes(self, names: frozenset[str]) -> int:
        """Size of a choice, as the budget counts it."""
        return sum(self._bytes[name] for name in names)

    def _state(self, names: frozenset[str], near: State | None = None) -> State:
        """Price a choice; from a neighbour only what differs."""
        positions = range(len(self._worth.subjects))
        if near is None:
            costs = tuple(self._worth.cost(position, names) for position in positions)
        else:
            touched = self._worth.touched(names ^ near.names)
            costs = tuple(
                self._worth.cost(position, names) if position in touched else near.costs[position]
                for position in positions
            )
        return State(names, costs, self._worth.of(costs, names))

    def _fits(self, names: frozenset[str]) -> bool:
        budget = self._limits.budget_bytes
        return budget is None or self.bytes(names) <= budget * _PLANNED

    def _with(self, state: State, more: frozenset[str]) -> frozenset[str]:
        """The choice with more candidates, without those that they make unnecessary."""
        return (
            frozenset(name for name in state.names if more.isdisjoint(self._covering[name])) | more
        )

    def _fitted(self, state: State, keep: frozenset[str]) -> State:
        """A choice cut down to the budget: what loses least a byte goes first. Each loss makes
        those of the same table greater, which may have done the same.
        """
        if self._fits(state.names):
            return state
        losses: dict[str, float] = {}
        while not self._fits(state.names) and state.names - keep:
            for name in sorted(state.names - keep - losses.keys()):
                losses[name] = self._loss(state, name)
            out = min(losses, key=lambda name: (losses[name], name))
            state = self._state(state.names - {out}, state)
            table = self._offers[out].index.table
            losses = {
                name: loss
                for name, loss in losses.items()
                if self._offers[name].index.table != table
            }
        return state

    def _loss(self, state: State, name: str) -> float:
        """What a choice loses without one of its indexes, a byte."""
        without = self._state(state.names - {name}, state)
        return (state.worth - without.worth) / max(1, self._offers[name].bytes)

    def _allowed(self, names: frozenset[str], *, fitting: bool = True) -> bool:
        if fitting and not self._fits(names):
            return False
        counts: dict[Table, int] = {}
        for name in names:
            if any(other in names for other in self._covering[name]):
                return False
            table = self._offers[name].index.table
            counts[table] = counts.get(table, 0) + 1
        return all(count <= self._limits.per_table for count in counts.values())

    def _moves(self, state: State) -> Iterator[frozenset[str]]:
        """What could be added: each candidate, and what one statement's best plan uses together."""
        for name in self._names:
            if name not in state.names:
                yield frozenset({name})
        together: set[frozenset[str]] = set()
        for position, subject in enumerate(self._worth.subjects):
            used = self._costs.used(subject, self._pools[position]) - state.names
            if 1 < len(used) <= 4:
                together.add(used)
        yield from sorted(together, key=sorted)

    def _sketched(self, state: State) -> State:
        """Greedily, by the plans known so far: what is used together is taken together. Asks
        nothing, so that there is a choice even where time ends before all could be priced.
        """
        moves: dict[frozenset[str], set[int]] = {}
        for position, subject in enumerate(self._worth.subjects):
            if position in self._worth.hopeless:
                continue
            for used in self._costs.uses(subject):
                moves.setdefault(used, set()).add(position)
        felt = {
            name: {at for used, ats in moves.items() if name in used for at in ats}
            for name in self._names
        }

        def grown(state: State, move: frozenset[str]) -> State | None:
            names = self._with(state, move - state.names)
            if not self._allowed(names):
                return None
            changed = set().union(*(felt.get(name, ()) for name in names ^ state.names))
            costs = list(state.costs)
            for at in changed | {
                at
                for at in self._worth.touched(names ^ state.names)
                if self._worth.upkeep(at, names ^ state.names)
            }:
                costs[at] = self._worth.bound(at, names)
            return State(names, tuple(costs), self._worth.of(costs, names))

        ranked = [(float("inf"), move) for move in sorted(moves, key=sorted)]
        fresh: dict[frozenset[str], frozenset[str]] = {}
        while ranked:
            ranked.sort(key=lambda each: -each[0])
            density, move = ranked[0]
            more = move - state.names
            tried = grown(state, move) if density > 0 and more else None
            if density <= 0:
                break
            if tried is None:
                ranked.pop(0)
            elif fresh.get(move) == state.names:
                state = tried
                ranked.pop(0)
            else:
                gain = tried.worth - state.worth
                size = self.bytes(more) + 0.1 * self._mean
                ranked[0] = (gain / size if gain > _LEAST else 0.0, move)
                fresh[move] = state.names
        return state

    def _greedy(
        self, state: State, *, fitting: bool = True, without: frozenset[str] = frozenset()
    ) -> State:
        """Add what gives most a byte, until nothing gives more. A gain is computed again only
        when it is on top: with every index added, others gain less (lazily, as M. Minoux 1978).
        """
        ranked = [(float("inf"), move) for move in self._moves(state) if move.isdisjoint(without)]
        fresh: dict[frozenset[str], frozenset[str]] = {}
        while ranked and not self._late:
            ranked.sort(key=lambda each: -each[0])
            density, move = ranked[0]
            if density <= 0:
                break
            left = move - state.names
            grown = self._with(state, left)
            if not left or not self._allowed(grown, fitting=fitting):
                ranked.pop(0)
                continue
            if fresh.get(move) == state.names:
                state = self._state(grown, state)
                ranked.pop(0)
                continue
            gain = self._state(grown, state).worth - state.worth
            size = self.bytes(left) + 0.1 * self._mean
            ranked[0] = (gain / size if gain > _LEAST else 0.0, move)
            fresh[move] = state.names
        return state

    def _rebuilt(self, state: State) -> State:
        """The choice after taking parts of it out and giving their room to the best others: what
        is big is so exchanged for several that are small (P. Shaw 1998, large neighbourhoods).
        """
        tried: set[tuple[frozenset[str], frozenset[str]]] = set()
        found: State | None = state
        while found is not None:
            state, found = found, None
            for begun, without in self._begun(state):
                if self._late or (begun.names, without) in tried:
                    continue
                tried.add((begun.names, without))
                again = self._greedy(begun, without=without)
                if again.worth > state.worth + _LEAST and self._allowed(again.names):
                    found = again
                    break
        return self._improved(state)

    def _begun(self, state: State) -> Iterator[tuple[State, frozenset[str]]]:
        """Choices with room to grow, and what they shall not grow by: one that was made room
        for what would be worth most, one without what loses least, one without a table's.
        """
        grown = [
            self._state(self._with(state, frozenset({name})), state)
            for name in self._names
            if name not in state.names
        ]
        for each in sorted(grown, key=lambda each: -each.worth)[:_SUSPECTS]:
            if each.worth > state.worth + _MUCH:
                yield self._fitted(each, each.names - state.names), frozenset()
        for out in self._parts(state):
            without = out if len(out) == 1 else frozenset[str]()
            yield self._state(state.names - out, state), without

    def _parts(self, state: State) -> list[frozenset[str]]:
        """What of a choice may be taken out: each index that loses little for its size, and all
        of each table.
        """
        losses = sorted(
            (self._loss(state, name), name)
            for name in sorted(state.names)
            if self._offers[name].bytes > self._mean / 2
        )
        of_table: dict[Table, set[str]] = {}
        for name in state.names:
            of_table.setdefault(self._offers[name].index.table, set()).add(name)
        tables = sorted(map(sorted, of_table.values()))
        return [
            *(frozenset({name}) for _, name in losses[:_SUSPECTS]),
            *(frozenset(names) for names in tables if len(names) > 1),
        ]

    def _exchanged(self, state: State) -> State | None:
        """The choice after all exchanges that help: an index taken out, added, or put for another
        of its table; None when none does.
        """
        begun = state
        for out, name in self._exchanges():
            if self._late:
                break
            if not out <= state.names or name & state.names:
                continue
            change = (state.names - out) | name
            if not self._allowed(change, fitting=False):
                continue
            tried = self._state(change, state)
            if not self._fits(change):
                if tried.worth <= state.worth + _MUCH:
                    continue
                tried = self._fitted(tried, name)
                if self.bytes(tried.names) > (self._limits.budget_bytes or 0):
                    continue  # what came in is too big by itself
            if tried.worth > state.worth + _LEAST:
                state = tried
        return None if state is begun else state

    def _exchanges(self) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
        """What might be taken out, with what might come in."""
        nothing: frozenset[str] = frozenset()
        for name in self._names:
            yield frozenset({name}), nothing
            yield nothing, frozenset({name})
        for name in self._names:
            index = self._offers[name].index
            for out in self._names:
                other = self._offers[out].index
                if out != name and other.table == index.table and _akin(other, index):
                    yield frozenset({out}), frozenset({name})

    def _pruned(self, state: State) -> State:
        """Without what no plan uses, what does not pay, and what is not missed."""
        changed = True
        while changed:
            changed = False
            used = frozenset().union(
                *(
                    self._costs.used(each, state.names)
                    for position, each in enumerate(self._worth.subjects)
                    if position not in self._worth.hopeless
                )
            )
            if state.names - used:
                state = self._state(state.names & used, state)
                changed = True
                continue
            for name in sorted(state.names, key=lambda each: -self._offers[each].bytes):
                without = self._state(state.names - {name}, state)
                if without.worth >= state.worth - _LEAST or not self.pays(name, state, without):
                    state, changed = without, True
                    break
        return state

    def pays(self, name: str, state: State, without: State) -> bool:
        """Whether an index saves more than it costs to write, and at least a tenth of some
        statement or a hundredth of all.
        """
        saved = total = 0.0
        share = 0.0
        for position, subject in enumerate(self._worth.subjects):
            gain = without.costs[position] - state.costs[position]
            saved += subject.weight * gain
            total += subject.weight * without.costs[position]
            share = max(share, gain / without.costs[position] if without.costs[position] else 0.0)
        return saved > 0 and (share >= 0.1 or saved >= 0.01 * total)


def _akin(left: Index, right: Index) -> bool:
    """Whether one may stand for the other: they share a key."""
    return bool({key.target for key in left.keys} & {key.target for key in right.keys})
