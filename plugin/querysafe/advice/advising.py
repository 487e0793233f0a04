"""A workload and a planner to an advice."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import islice

from querysafe.advice import absence, naming, remarks
from querysafe.advice.advice import Advice, Advised, Effect
from querysafe.advice.candidates.candidate import Candidate
from querysafe.advice.candidates.constants import Constants
from querysafe.advice.candidates.plans import accesses
from querysafe.advice.candidates.proposing import Proposing
from querysafe.advice.candidates.traps import wants_rewrite_only
from querysafe.advice.choosing.costs import Costs, Subject
from querysafe.advice.choosing.limits import Limits
from querysafe.advice.choosing.pooling import pool
from querysafe.advice.choosing.search import Search, State
from querysafe.advice.choosing.worth import Worth
from querysafe.advice.covering import covers
from querysafe.advice.index import Index, Table
from querysafe.advice.planner import Offer, Planner, Refused
from querysafe.advice.subjects import cascades, plan, roots
from querysafe.advice.uniqueness import is_distinct
from querysafe.advice.workload import Workload

Steps = Callable[[str, int], AbstractContextManager[Callable[[], None]]]
"""Shows progress: a name and how many steps, to a context that gives a function to call at each."""

SMALL_BYTES = 128 * 1024
"""A table of 16 blocks is read faster whole than by an index."""
_MOST_OFFERS = 600
_SAVES, _SMALLER = 8_000_000, 0.4
"""Bytes and share of itself that a hash index must save."""
_AT_ONCE = 8
"""So many candidates of a table of a statement come before those of the next."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What the search worked with, for the words about it."""

    subjects: Sequence[Subject]
    offers: dict[str, Offer]
    reasons: dict[Index, str]
    pools: Sequence[frozenset[str]]
    worth: Worth
    costs: Costs
    search: Search
    state: State


def _quiet(_name: str, _total: int) -> AbstractContextManager[Callable[[], None]]:
    return nullcontext(lambda: None)


def advise(
    workload: Workload, planner: Planner, limits: Limits | None = None, steps: Steps = _quiet
) -> Advice:
    """Choose indexes for a workload. Nothing is written anywhere; the planner's owner closes it."""
    limits = limits or Limits()
    relations = planner.relations()
    with steps("planning", len(workload.statements)) as step:
        subjects, refused = plan(planner, workload.statements, limits.samples, step)
    followers = [statement for statement, _ in cascades(subjects, relations)]
    more, _ = plan(planner, followers, limits.samples)
    every, cheap = _dearest([*subjects, *more], limits.statements)
    if cheap:
        reason = f"beyond the {limits.statements} dearest"
        workload = replace(workload, set_aside={**workload.set_aside, reason: cheap})
    candidates = propose(planner, every)
    existing = planner.existing()
    standing = {each.index.definition() for each in existing if each.valid}
    wanted = [
        each
        for each in candidates
        if each.index.definition() not in standing
        and not any(other.valid and covers(other.index, each.index) for other in existing)
    ]
    with steps("building candidates", 1) as step:
        offered, not_taken = planner.offer([each.index for each in wanted])
        offered = _without_idle_hashes(offered)
        step()
    offers = {each.name: each for each in offered}
    costs = Costs(planner)
    costs.know(offered)
    for subject in every:
        for sample, known in zip(subject.samples, subject.plans, strict=True):
            costs.remember(sample, known)
    with steps("pricing candidates", len(every)) as step:
        pools = pool(costs, every, offered, step)
    hopeless = [at for at, subject in enumerate(every) if wants_rewrite_only(subject)]
    for at in hopeless:
        pools[at] = frozenset()
    worth = Worth(costs, every, offers, relations, limits, hopeless)
    with steps("choosing", 1) as step:
        margins = {each.table: each.margin for each in planner.basis.assumed}
        search = Search(costs, worth, pools, offers, limits, margins)
        state = search.run()
        step()
    reasons = {each.index: each.reason for each in reversed(wanted)}
    found = _Found(every, offers, reasons, pools, worth, costs, search, state)
    names = _names(found, {each.name for each in existing})
    advised = [
        replace(each, distinct=is_distinct(planner, relations[each.index.table], each.index))
        for each in _advised(found, names)
    ]
    return Advice(
        basis=planner.basis,
        version=planner.version,
        workload=workload,
        indexes=advised,
        effects=[_effect(found, position, names) for position in range(len(every))],
        absent=absence.explain(
            every, offers, pools, worth, state, names, limits, relations, existing
        ),
        remarks=remarks.remarks(existing, advised, every, relations),
        # An expression that the server takes for no index was a guess of ours; an extension that
        # it lacks is for the user to install.
        refused=[*refused, *(_lacking(not_taken) if offered else not_taken[:1])],
        budget_bytes=limits.budget_bytes,
        lacking=tuple(
            dict.fromkeys(
                name
                for each in advised
                for name in each.index.extensions
                if name not in planner.extensions
            )
        ),
    )


def _dearest(subjects: Sequence[Subject], most: int) -> tuple[list[Subject], int]:
    """The statements that matter in their order, and how many are left out."""
    if len(subjects) <= most:
        return list(subjects), 0
    ranked = sorted(
        range(len(subjects)),
        key=lambda at: (
            not subjects[at].statement.writes,
            -subjects[at].weight * subjects[at].plans[0].cost,
        ),
    )
    writing = sum(each.statement.writes for each in subjects)
    kept = sorted(ranked[: most + writing])
    return [subjects[at] for at in kept], len(subjects) - len(kept)


def _without_idle_hashes(offered: Sequence[Offer]) -> list[Offer]:
    """Without hash indexes that save little space in comparison with the B-tree, which serves more."""
    trees = {
        (each.index.table, each.index.keys): each.bytes
        for each in offered
        if each.index.method == "btree" and not each.index.where and not each.index.include
    }
    return [
        each
        for each in offered
        if each.index.method != "hash"
        or trees.get((each.index.table, each.index.keys), 0) - each.bytes
        >= max(_SAVES, _SMALLER * each.bytes)
    ]


def _lacking(not_taken: Sequence[Refused]) -> list[Refused]:
    found = {
        each.what.extensions: each
        for each in not_taken
        if isinstance(each.what, Index) and each.what.extensions
    }
    return list(found.values())


def propose(planner: Planner, subjects: Sequence[Subject]) -> list[Candidate]:
    """Candidates for every table that every plan of the subjects reads, each once.

    Where there are too many, each table of each statement has its plainest ones first.
    """
    relations = planner.relations()
    above = roots(relations)
    proposing = Proposing(planner)
    standing = {each.name: each.index for each in planner.existing()}
    every: list[Iterator[Candidate]] = []
    for subject in sorted(subjects, key=lambda each: -each.weight * each.plans[0].cost):
        if wants_rewrite_only(subject):
            continue
        read = [accesses(each.root, standing) for each in subject.plans]
        constants: dict[Table, Constants] = {}
        for access in (each for plan_ in read for each in plan_):
            relation = relations.get(above.get(access.table, access.table))
            if relation is None:
                continue
            of_table = constants.setdefault(relation.table, Constants(subject.samples))
            of_table.note(proposing.predicates(access, relation))
        for access in (each for plan_ in read for each in plan_):
            relation = relations.get(above.get(access.table, access.table))
            if relation is None or relation.bytes < SMALL_BYTES:
                continue
            every.append(proposing.propose(access, relation, constants[relation.table]))
    found: dict[Index, Candidate] = {}
    while every and len(found) < _MOST_OFFERS:
        for waiting in list(every):
            taken = list(islice(waiting, _AT_ONCE))
            for candidate in taken:
                found.setdefault(candidate.index, candidate)
            if len(taken) < _AT_ONCE:
                every.remove(waiting)
    return list(found.values())[:_MOST_OFFERS]


def _names(found: _Found, taken: set[str]) -> dict[str, str]:
    """The name under which each chosen candidate is advised."""
    names: dict[str, str] = {}
    for offered in sorted(
        found.state.names, key=lambda each: found.offers[each].index.definition()
    ):
        names[offered] = naming.name(found.offers[offered].index, taken)
        taken = {*taken, names[offered]}
    return names


def _effect(found: _Found, position: int, names: dict[str, str]) -> Effect:
    subject = found.subjects[position]
    used = found.costs.used(subject, found.state.names)
    return Effect(
        statement=subject.statement,
        before=found.worth.before(position),
        after=found.state.costs[position],
        indexes=tuple(sorted(names[each] for each in used)),
        plan_before=subject.plans[0],
        plan_after=found.costs.plan(subject, found.state.names),
    )


def _advised(found: _Found, names: dict[str, str]) -> list[Advised]:
    advised = []
    for offered, name in names.items():
        offer = found.offers[offered]
        rest = found.state.names - {offered}
        touched = found.worth.touched({offered})
        evidence = [
            _effect(found, position, names)
            for position in sorted(touched)
            if position not in found.worth.hopeless
            and offered in found.costs.used(found.subjects[position], found.state.names)
        ]
        written = found.worth.write_cost(offered)
        saved = sum(
            found.subjects[position].weight
            * (found.worth.cost(position, rest) - found.state.costs[position])
            for position in touched
        )
        advised.append(
            Advised(
                name=name,
                offered=offered,
                index=offer.index,
                bytes=offer.bytes,
                benefit=saved + written,
                write_cost=written,
                reason=found.reasons.get(offer.index, "serves the statements below"),
                evidence=tuple(
                    sorted(
                        evidence,
                        key=lambda each: -each.statement.calls * (each.before - each.after),
                    )
                ),
            )
        )
    return sorted(advised, key=lambda each: -each.benefit)


__all__ = ["Limits", "Refused", "Steps", "advise", "propose"]
