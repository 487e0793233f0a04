"""How many rows each table has in production, where nobody said it.

A million for each would spend a budget on indexes of tables that hold a hundred rows. What a
schema and the few rows of a test tell is little, and better than that: a list of categories is
short, what refers to a table is more than that table, and keys that lie far apart were taken
from more rows than are there.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from querysafe.advice.index import Table
from querysafe.advice.planner import Assumed
from querysafe.advice.planning.catalog import Catalog, TableEntry
from querysafe.advice.planning.clues import is_list, is_log, joins_lists, present, rows_by_keys
from querysafe.advice.planning.references import Reference, references
from querysafe.advice.planning.statistics import Statistics

_NEAR, _FAR = 1.2, 1.4
"""Margins of what is known by its neighbours, and by the schema alone: where a guess may be wrong
twice over or thrice in either direction, the mean lies so far above it."""
LIST_ROWS = 500.0
"""Of a table that only names things: categories, countries, roles."""
_EACH = 3.0
"""Rows of a table for one of the table that it refers to."""
_LOGGED = 20.0
"""The same of a table that tells what happened."""
_RANGE = 100.0
"""By how much the smallest table that is no list is smaller than the largest."""


def assume(
    catalog: Catalog,
    declared: Mapping[Table, float],
    most: float,
    own: Statistics | None = None,
) -> dict[Table, Assumed]:
    """Rows of every table that is no partition and of which none are declared.

    ``most`` is the size of the largest ones where nothing tells of a larger one. ``own`` are the
    statistics of the few rows that there are; no table is taken to have less than these.
    """
    inner = {child for entry in catalog.values() for child in entry.children}
    entries = {table: each for table, each in catalog.items() if table not in inner}
    every = [
        each
        for each in references(catalog)
        if each.child in entries and each.parent in entries and each.child != each.parent
    ]
    known = {table: rows for table, rows in declared.items() if table in entries}
    why = dict.fromkeys(known, "")
    seen = rows_by_keys(entries, every, own)
    for table, rows in seen.items():
        if table not in known:
            known[table], why[table] = rows, "its keys lie so far apart"
    lists = {table for table, entry in entries.items() if is_list(entry, every)}
    joins = {t for t, each in entries.items() if t not in lists and joins_lists(each, every, lists)}
    lists = (lists | joins) - known.keys()
    edges = _without_circles([each for each in every if each.parent not in lists])
    order = [table for table in _from_parents(entries, edges) if table not in lists]
    usual = _by_depth(order, edges, most)
    for guessed in (_by_parents, _by_children):
        for table in order if guessed is _by_parents else reversed(order):
            found = None if table in known else guessed(table, edges, known, usual[table])
            if found is not None:
                known[table], why[table] = found
    for table in lists:
        known[table] = LIST_ROWS
        why[table] = "it joins lists" if table in joins else "a list of names"
    return {
        table: Assumed(
            table=table,
            rows=float(round(max(present(table, own), known.get(table, usual.get(table, most))))),
            why=why.get(table, "what refers to what"),
            margin=1.0 if table in seen else _NEAR if table in known else _FAR,
        )
        for table in entries
        if table not in declared
    }


def _without_circles(every: Iterable[Reference]) -> list[Reference]:
    """References of which no table can be followed back to itself; required ones are kept first."""
    kept: list[Reference] = []
    up: dict[Table, set[Table]] = {}
    ranked = sorted(
        every,
        key=lambda e: (not (e.declared and e.required), not e.declared, e.child, e.column),
    )
    for each in ranked:
        if not _reaches(up, each.parent, each.child):
            up.setdefault(each.child, set()).add(each.parent)
            kept.append(each)
    return kept


def _reaches(up: Mapping[Table, set[Table]], begin: Table, end: Table) -> bool:
    waiting, seen = [begin], {begin}
    while waiting:
        at = waiting.pop()
        if at == end:
            return True
        fresh = up.get(at, set()) - seen
        seen |= fresh
        waiting += fresh
    return False


def _from_parents(entries: Mapping[Table, TableEntry], edges: Sequence[Reference]) -> list[Table]:
    """All tables, each after those that it refers to."""
    left = {table: {e.parent for e in edges if e.child == table} for table in sorted(entries)}
    order: list[Table] = []
    while left:
        ready = [table for table, parents in left.items() if not parents & left.keys()]
        order += ready
        for table in ready:
            del left[table]
    return order


def _by_depth(
    order: Sequence[Table], edges: Sequence[Reference], most: float
) -> dict[Table, float]:
    """The largest have ``most`` rows, what they refer to a third of it, and so on. Those to which
    nothing refers are nearer to the largest: that they are fewer steps from their roots than
    others says half as much of them.
    """
    depth: dict[Table, int] = {}
    group: dict[Table, Table] = {}
    for table in order:
        parents = [each.parent for each in edges if each.child == table]
        once = any(each.child == table and each.once for each in edges)
        depth[table] = max((depth[each] + (not once) for each in parents), default=0)
        group[table] = table
        for each in parents:
            one, other = group[each], group[table]
            group = {key: one if value == other else value for key, value in group.items()}
    deepest: dict[Table, int] = {}
    for table, level in depth.items():
        deepest[group[table]] = max(level, deepest.get(group[table], 0))
    referred = {each.parent for each in edges}
    single = {each.child for each in edges if each.once}
    found: dict[Table, float] = {}
    for table, level in depth.items():
        steps = float(deepest[group[table]] - level)
        if table not in referred and table not in single:
            steps = 0.0 if is_log(table) else steps / 2
        found[table] = most / min(_RANGE, _EACH**steps)
    return found


def _by_parents(
    table: Table, edges: Sequence[Reference], known: Mapping[Table, float], usual: float
) -> tuple[float, str] | None:
    """By the tables that it refers to, where something is known of one."""
    above = [each for each in edges if each.child == table and each.parent in known]
    if not above:
        return None
    for each in above:
        if each.once:
            return known[each.parent], f'one for each of "{each.parent.name}"'
    largest = max((each.parent for each in above), key=lambda parent: known[parent])
    own = known[largest] * (_LOGGED if is_log(table) else _EACH)
    rows = max(known[largest], math.sqrt(own * usual))
    below = [each.child for each in edges if each.parent == table and each.child in known]
    if not below:
        return rows, f'it refers to "{largest.name}"'
    least = min(below, key=lambda child: known[child])
    between = math.sqrt(rows * max(1.0, known[least] / _EACH))
    return between, f'it refers to "{largest.name}", and "{least.name}" to it'


def _by_children(
    table: Table, edges: Sequence[Reference], known: Mapping[Table, float], usual: float
) -> tuple[float, str] | None:
    """By the tables that refer to it, where something is known of one."""
    below = [each for each in edges if each.parent == table and each.child in known]
    if not below:
        return None
    least = min(below, key=lambda each: known[each.child])
    rows = known[least.child] if least.once else max(1.0, known[least.child] / _EACH)
    return min(usual, rows), f'"{least.child.name}" refers to it'
