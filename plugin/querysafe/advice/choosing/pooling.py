"""The candidates that some plan would use, found by asking for the best, then for the next best."""

from collections.abc import Callable, Sequence

from querysafe.advice.choosing.costs import Costs, Subject
from querysafe.advice.index import Index
from querysafe.advice.planner import Offer


def _narrow(index: Index) -> bool:
    return not index.include


def _whole(index: Index) -> bool:
    return not index.include and not index.where


def _single(index: Index) -> bool:
    return not index.include and len(index.keys) == 1


_TIERS: tuple[Callable[[Index], bool], ...] = (lambda _: True, _narrow, _whole, _single)
_ROUNDS = 2


def pool(
    costs: Costs,
    subjects: Sequence[Subject],
    offers: Sequence[Offer],
    step: Callable[[], None] = lambda: None,
) -> list[frozenset[str]]:
    """For each statement the candidates that serve it best in some company.

    It is planned with all candidates, with narrow ones, without partial ones and with
    single columns only; each time again without what the last plan used. A candidate that
    is never used so is none.
    """
    found: list[frozenset[str]] = []
    for subject in subjects:
        used: set[str] = set()
        for tier in _TIERS:
            names = {each.name for each in offers if tier(each.index)}
            names = set(costs.relevant(subject, names))
            for _ in range(_ROUNDS):
                now = costs.used(subject, names) if names else frozenset()
                if not now:
                    break
                used |= now
                names -= now
        found.append(frozenset(used))
        step()
    return found
