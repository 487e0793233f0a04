"""Cloning every row of a database, so that keys, unique columns and foreign keys still hold.

Each row gets two kinds of clone. A *copy* belongs to the copies of the rows that the
original names: the whole graph stands twice. A *sibling* belongs to the rows that the
original names: a parent has more children. What one row hides shows in one or the other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from sqlalchemy import Connection, Integer, Numeric, func, select
from sqlalchemy.exc import SQLAlchemyError

from querysafe.growth.copying import Row, advance, copy_row
from querysafe.growth.schema import Link, Plan, Schemas
from querysafe.growth.values import another

COPY, SIBLING = "copy", "sibling"
MOST_ROWS = 400
"""A table with more new rows than this is big enough as it is."""
FAR = 100_000
"""So far above the highest number of a column are those of clones."""


@dataclass(slots=True)
class Cloned:
    """What was cloned in one database so far."""

    seen: dict[str, set[tuple[Any, ...]]] = field(default_factory=dict)
    """Table to the keys of the originals that have their clones, and of the clones."""
    clones: dict[tuple[str, tuple[str, ...], tuple[Any, ...]], dict[str, list[Row]]] = field(
        default_factory=dict
    )
    """Table, columns that others name, and their values in an original, to its clones by sort."""
    rows: int = 0
    refused: set[str] = field(default_factory=set)
    """Tables whose rows could not be cloned."""
    made: dict[str, set[tuple[Any, ...]]] = field(default_factory=dict)
    """Table to the keys of the clones."""
    filled: set[str] = field(default_factory=set)
    """Tables that were looked at for parents without children."""

    def copy(self) -> "Cloned":
        """The same, to be added to apart."""
        return replace(
            self,
            seen={name: set(keys) for name, keys in self.seen.items()},
            clones=dict(self.clones),
            refused=set(self.refused),
            made={name: set(keys) for name, keys in self.made.items()},
            filled=set(self.filled),
        )

    def add(self, plan: Plan, row: Row) -> None:
        """A row was made that must not be cloned itself."""
        for keys in (self.seen, self.made):
            keys.setdefault(plan.table.key, set()).add(key_of(plan, row))
        self.rows += 1


class Cloner:
    """Clones what is new in a database, each time it is asked."""

    def __init__(self, schemas: Schemas, copies: int = 1) -> None:
        self._schemas = schemas
        self._copies = copies
        self._serials = count(1)

    def plans(self, connection: Connection) -> tuple[Plan, ...]:
        """The tables of a database, those that others name first."""
        return self._schemas.plans(connection)

    def clone(self, connection: Connection, cloned: Cloned) -> None:
        """Clone every row that is neither cloned yet nor a clone, in the open transaction."""
        plans = self.plans(connection)
        named = {(link.target, link.targets) for plan in plans for link in plan.links}
        for plan in plans:
            if plan.key or plan.links:
                asked = {targets for target, targets in named if target == plan.table.key}
                self._clone_table(connection, plan, cloned, asked)

    def read(self, connection: Connection, plan: Plan, limit: int = MOST_ROWS * 4) -> list[Row]:
        """What decides on the clones of a table's rows."""
        columns = [plan.table.columns[each] for each in plan.read]
        chosen = select(*columns).limit(limit)
        return [dict(row) for row in connection.execute(chosen).mappings()]

    def insert(
        self, connection: Connection, plan: Plan, row: Row, changes: Mapping[str, Any]
    ) -> Row | None:
        """Insert one clone with other values in some columns; ``None`` when it is refused."""
        return self._insert(connection, plan, row, changes, self._highest(connection, plan))

    def serial(self) -> int:
        """Another number each time."""
        return next(self._serials)

    def _clone_table(
        self, connection: Connection, plan: Plan, cloned: Cloned, asked: set[tuple[str, ...]]
    ) -> None:
        name = plan.table.key
        seen = cloned.seen.setdefault(name, set())
        try:
            rows = [row for row in self.read(connection, plan) if key_of(plan, row) not in seen]
        except (SQLAlchemyError, ValueError):
            cloned.refused.add(name)
            return
        if not rows or len(rows) > MOST_ROWS:
            return
        highest = self._highest(connection, plan)
        if plan.numbered:
            advance(connection, plan, plan.numbered)
        for row in _parents_first(plan, rows):
            seen.add(key_of(plan, row))
            made: dict[str, list[Row]] = {}
            for sort, changes in self._variants(plan, row, cloned):
                clone = self._insert(connection, plan, row, changes, highest)
                if clone is None:
                    cloned.refused.add(name)
                    continue
                made.setdefault(sort, []).append(clone)
                cloned.add(plan, clone)
            for targets in asked:
                cloned.clones[name, targets, _values(row, targets)] = made

    def _insert(
        self,
        connection: Connection,
        plan: Plan,
        row: Row,
        changes: Mapping[str, Any],
        highest: Mapping[str, Any],
    ) -> Row | None:
        """Insert a clone: far from the numbers that a test may write itself, or near them."""
        for gap, wholly in ((FAR, False), (0, False), (FAR, True)):
            distinct = self._distinct(plan, row, changes, highest, gap, wholly=wholly)
            clone = copy_row(connection, plan, row, distinct) if distinct else None
            if clone is not None:
                return clone
        return None

    def _variants(
        self, plan: Plan, row: Row, cloned: Cloned
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Sort and changed foreign keys of each clone that a row gets."""
        links = [link for link in plan.links if all(row[name] is not None for name in link.columns)]
        sole = next((link for link in links if _is_sole(plan, link)), None)
        if sole is not None:
            # One to one: it goes with each clone of the row that it extends.
            for sort in (COPY, SIBLING):
                for parent in _clones_of(cloned, sole, row, sort):
                    others = remapped(cloned, links, row, COPY) if sort == COPY else {}
                    yield sort, {**others, **_pointing(sole, parent)}
            return
        for _ in range(self._copies):
            yield COPY, remapped(cloned, links, row, COPY)
        if not _is_association(plan, links):
            yield SIBLING, {}
            return
        for link in links:
            for parent in _clones_of(cloned, link, row, SIBLING)[:1]:
                yield SIBLING, _pointing(link, parent)

    def _distinct(
        self,
        plan: Plan,
        row: Row,
        changes: Mapping[str, Any],
        highest: Mapping[str, Any],
        gap: int,
        *,
        wholly: bool,
    ) -> dict[str, Any] | None:
        """The changes, with another value in each unique set that they leave as it is.

        ``wholly``: other foreign keys do not make a unique set another one.
        """
        changes = {name: value for name, value in changes.items() if value != row[name]}
        if plan.numbered:
            changes[plan.numbered] = None
        linked = {name for link in plan.links for name in link.columns}
        for unique in sorted(plan.uniques, key=len):
            settled = set(unique) - linked if wholly else set(unique)
            if any(name in changes for name in settled) or not settled:
                continue
            if any(row[name] is None for name in unique):
                continue
            for name in sorted(unique, key=lambda each: (each in linked, unique.index(each))):
                if name in linked:
                    continue
                type_ = plan.table.columns[name].type
                value = another(row[name], self.serial(), type_, highest.get(name), gap)
                if value is not None:
                    changes[name] = value
                    break
            else:
                return None
        return changes or None

    def _highest(self, connection: Connection, plan: Plan) -> dict[str, Any]:
        """The greatest values of the numbers that may not repeat."""
        names = sorted(
            name
            for name in {name for unique in plan.uniques for name in unique}
            if isinstance(plan.table.columns[name].type, Numeric | Integer)
        )
        if not names:
            return {}
        columns = [func.max(plan.table.columns[name]) for name in names]
        return dict(zip(names, connection.execute(select(*columns)).one(), strict=True))


def key_of(plan: Plan, row: Row) -> tuple[Any, ...]:
    """What tells a row from the others of its table."""
    return _values(row, plan.key or plan.read)


def _values(row: Row, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(_hashable(row[name]) for name in names)


def _hashable(value: Any) -> Any:
    return repr(value) if isinstance(value, list | dict | set) else value


def _is_sole(plan: Plan, link: Link) -> bool:
    """Whether a row may be named by one row of this table only."""
    return any(set(unique) == set(link.columns) for unique in plan.uniques)


def _is_association(plan: Plan, links: list[Link]) -> bool:
    """Whether some unique set consists of foreign keys, so that only other ones are new."""
    linked = {name for link in links for name in link.columns}
    return any(set(unique) <= linked for unique in plan.uniques)


def _clones_of(cloned: Cloned, link: Link, row: Row, sort: str) -> list[Row]:
    """The clones of the row that a foreign key names."""
    made = cloned.clones.get((link.target, link.targets, _values(row, link.columns)), {})
    return made.get(sort, [])


def is_original(cloned: Cloned, link: Link, row: Row) -> bool:
    """Whether a row names one that was there before the clones."""
    return (link.target, link.targets, _values(row, link.columns)) in cloned.clones


def remapped(cloned: Cloned, links: list[Link], row: Row, sort: str = COPY) -> dict[str, Any]:
    """The foreign keys of a row, pointing at clones of what they point at."""
    changes: dict[str, Any] = {}
    for link in links:
        for parent in _clones_of(cloned, link, row, sort)[:1]:
            changes |= _pointing(link, parent)
    return changes


def _pointing(link: Link, parent: Row) -> dict[str, Any]:
    return {
        name: parent[target]
        for name, target in zip(link.columns, link.targets, strict=True)
        if target in parent
    }


def _parents_first(plan: Plan, rows: list[Row]) -> Iterator[Row]:
    """Rows of a tree, those that others name before those."""
    own = [link for link in plan.links if link.target == plan.table.key]
    if not own:
        yield from rows
        return
    waiting = list(rows)
    keys = {key_of(plan, row) for row in rows}
    done: set[tuple[Any, ...]] = set()
    while waiting:
        ready = [
            row
            for row in waiting
            if all(
                (named := tuple(row[name] for name in link.columns)) not in keys or named in done
                for link in own
            )
        ] or waiting[:1]
        for row in ready:
            yield row
            done.add(key_of(plan, row))
        waiting = [row for row in waiting if key_of(plan, row) not in done]
