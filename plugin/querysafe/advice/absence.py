"""Why indexes that one might expect are not advised."""

from collections.abc import Mapping, Sequence

from querysafe.advice.advice import Absent
from querysafe.advice.choosing.costs import Subject
from querysafe.advice.choosing.limits import Limits
from querysafe.advice.choosing.search import State
from querysafe.advice.choosing.worth import Worth
from querysafe.advice.index import Index, Key, Table
from querysafe.advice.planner import Existing, Offer, Relation

_MOST = 20


def explain(
    subjects: Sequence[Subject],
    offers: Mapping[str, Offer],
    pools: Sequence[frozenset[str]],
    worth: Worth,
    state: State,
    names: Mapping[str, str],
    limits: Limits,
    relations: Mapping[Table, Relation],
    existing: Sequence[Existing],
) -> list[Absent]:
    """What was looked at and left out, single columns first, then foreign keys without an index."""
    chosen = [offers[name].index for name in state.names]
    standing = [each.index for each in existing if each.valid]
    pooled = frozenset().union(*pools) if pools else frozenset()
    found: list[Absent] = []
    for name, offer in offers.items():
        index = offer.index
        if name in state.names or index.include or index.where or len(index.keys) != 1:
            continue
        better = _led_by(index.keys[0], chosen, index.table)
        if better is not None:
            given = next(names[each] for each in state.names if offers[each].index == better)
            if len(better.keys) > 1 or better.where:
                found.append(
                    Absent(index=index, why=f"{given} serves the same statements, and better")
                )
        elif _led_by(index.keys[0], standing, index.table) is not None:
            continue
        elif name not in pooled:
            found.append(
                Absent(index=index, why="no statement's plan uses it: too many rows match")
            )
        else:
            found.append(Absent(index=index, why=_why(name, worth, state, offers, limits)))
    found += _foreign_keys(relations, chosen, standing, subjects)
    return found[:_MOST]


def _why(name: str, worth: Worth, state: State, offers: Mapping[str, Offer], limits: Limits) -> str:
    if limits.budget_bytes is not None and offers[name].bytes > limits.budget_bytes:
        return "by itself it takes more than the budget"
    size = sum(offers[each].bytes for each in state.names) + offers[name].bytes
    if limits.budget_bytes is not None and size > limits.budget_bytes:
        return "the budget is better spent on the others"
    saved = sum(
        worth.subjects[position].weight
        * (state.costs[position] - worth.bound(position, state.names | {name}))
        for position in worth.touched({name})
    )
    if saved < 0 or worth.write_cost(name) > saved:
        return "writing it costs more than it saves"
    return "beside the others it saves too little for its size"


def _led_by(key: Key, indexes: Sequence[Index], table: Table) -> Index | None:
    return next(
        (
            each
            for each in indexes
            if each.table == table and each.method == "btree" and each.keys[0].target == key.target
        ),
        None,
    )


def _foreign_keys(
    relations: Mapping[Table, Relation],
    chosen: Sequence[Index],
    standing: Sequence[Index],
    subjects: Sequence[Subject],
) -> list[Absent]:
    read = frozenset().union(*(each.tables for each in subjects)) if subjects else frozenset()
    found = []
    for relation in relations.values():
        for columns, referenced, _ in relation.foreign_keys:
            covered = any(
                each.table == relation.table
                and not each.where
                and {key.column for key in each.keys[: len(columns)]} == set(columns)
                for each in (*chosen, *standing)
            )
            if not covered and relation.table in read:
                index = Index(relation.table, tuple(Key(column) for column in columns))
                found.append(
                    Absent(
                        index=index,
                        why=f"a foreign key: it would serve deletes from {referenced.name}, of which the "
                        "workload has none that are slow without it",
                    )
                )
    return found
