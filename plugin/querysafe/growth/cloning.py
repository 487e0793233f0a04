"""Cloning every row of a database, so that keys, unique columns and foreign keys still hold.

Each row gets two kinds of clone. A *copy* belongs to the copies of the rows that the
original names: the whole graph stands twice. A *sibling* belongs to the rows that the
original names: a parent has more children. What one row hides shows in one or the other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sqlalchemy import Connection, cast, func, literal, select
from sqlalchemy.exc import SQLAlchemyError

from querysafe.growth.schema import Link, Plan, Schemas
from querysafe.growth.values import another

COPY, SIBLING = "copy", "sibling"
MOST_ROWS = 400
"""A table with more new rows than this is big enough as it is."""
Row = Mapping[str, Any]


@dataclass(slots=True)
class Cloned:
    """What was cloned in one database so far."""

    seen: dict[str, set[tuple[Any, ...]]] = field(default_factory=dict)
    """Table to the keys of the originals that have their clones, and of the clones."""
    clones: dict[tuple[str, tuple[Any, ...]], dict[str, list[Row]]] = field(default_factory=dict)
    """Table and key of an original to its clones, by sort: the columns that decide."""
    rows: int = 0
    refused: set[str] = field(default_factory=set)
    """Tables whose rows could not be cloned."""


class Cloner:
    """Clones what is new in a database, each time it is asked."""

    def __init__(self, schemas: Schemas, copies: int = 1) -> None:
        self._schemas = schemas
        self._copies = copies
        self._serials = count(1)

    def clone(self, connection: Connection, cloned: Cloned) -> None:
        """Clone every row that is neither cloned yet nor a clone, in the open transaction."""
        for plan in self._schemas.plans(connection):
            if plan.key or plan.links:
                self._clone_table(connection, plan, cloned)

    def _clone_table(self, connection: Connection, plan: Plan, cloned: Cloned) -> None:
        name = plan.table.key
        seen = cloned.seen.setdefault(name, set())
        columns = [plan.table.columns[each] for each in plan.read]
        try:
            found = connection.execute(select(*columns).limit(MOST_ROWS * 4)).mappings().all()
        except (SQLAlchemyError, ValueError):
            cloned.refused.add(name)
            return
        rows: list[Row] = [dict(row) for row in found if _key(plan, dict(row)) not in seen]
        if len(rows) > MOST_ROWS:
            return
        highest = self._highest(connection, plan, rows)
        if rows and plan.numbered and connection.dialect.name == "postgresql":
            _advance(connection, plan, plan.numbered)
        for row in _parents_first(plan, rows):
            seen.add(_key(plan, row))
            made: dict[str, list[Row]] = {}
            for sort, changes in self._variants(plan, row, cloned):
                if distinct := self._distinct(plan, row, changes, highest):
                    clone = _insert(connection, plan, row, distinct)
                    if clone is None:
                        cloned.refused.add(name)
                        continue
                    made.setdefault(sort, []).append(clone)
                    seen.add(_key(plan, clone))
                    cloned.rows += 1
            cloned.clones[name, _key(plan, row)] = made

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
                    others = _remapped(cloned, links, row, COPY) if sort == COPY else {}
                    yield sort, {**others, **_pointing(sole, parent)}
            return
        for _ in range(self._copies):
            yield COPY, _remapped(cloned, links, row, COPY)
        if not _is_association(plan, links):
            yield SIBLING, {}
            return
        for link in links:
            for parent in _clones_of(cloned, link, row, SIBLING)[:1]:
                yield SIBLING, _pointing(link, parent)

    def _distinct(
        self, plan: Plan, row: Row, changes: dict[str, Any], highest: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """The changes, with another value in each unique set that they leave as it is."""
        changes = {name: value for name, value in changes.items() if value != row[name]}
        if plan.numbered:
            changes[plan.numbered] = None
        linked = {name for link in plan.links for name in link.columns}
        for unique in sorted(plan.uniques, key=len):
            if any(name in changes for name in unique):
                continue
            if any(row[name] is None for name in unique):
                continue
            for name in sorted(unique, key=lambda each: (each in linked, unique.index(each))):
                if name in linked:
                    continue
                type_ = plan.table.columns[name].type
                value = another(row[name], next(self._serials), type_, highest.get(name))
                if value is not None:
                    changes[name] = value
                    break
            else:
                return None
        return changes or None

    def _highest(self, connection: Connection, plan: Plan, rows: list[Row]) -> dict[str, Any]:
        names = {
            name
            for unique in plan.uniques
            for name in unique
            if rows
            and isinstance(rows[0][name], int | float)
            and not isinstance(rows[0][name], bool)
        }
        ordered = sorted(names)
        if not ordered:
            return {}
        columns = [func.max(plan.table.columns[name]) for name in ordered]
        return dict(zip(ordered, connection.execute(select(*columns)).one(), strict=True))


def _key(plan: Plan, row: Row) -> tuple[Any, ...]:
    return tuple(_hashable(row[name]) for name in plan.key or plan.read)


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
    wanted = tuple(_hashable(row[name]) for name in link.columns)
    direct = cloned.clones.get((link.target, wanted))
    if direct is not None:
        return direct.get(sort, [])
    return []


def _remapped(cloned: Cloned, links: list[Link], row: Row, sort: str) -> dict[str, Any]:
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
    keys = {_key(plan, row) for row in rows}
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
            done.add(_key(plan, row))
        waiting = [row for row in waiting if _key(plan, row) not in done]


def _advance(connection: Connection, plan: Plan, name: str) -> None:
    """Let a sequence go on behind the rows that were given their numbers by hand."""
    column = plan.table.columns[name]
    preparer = connection.dialect.identifier_preparer
    sequence = func.pg_get_serial_sequence(preparer.format_table(plan.table), name)
    behind = select(func.max(column)).scalar_subquery()
    connection.execute(
        select(func.setval(sequence, func.greatest(behind, func.nextval(sequence)))).where(
            sequence.is_not(None)
        )
    )


def _insert(
    connection: Connection, plan: Plan, row: Row, changes: dict[str, Any]
) -> dict[str, Any] | None:
    """Copy a row within the database but for the changed columns; ``None`` when it refuses.

    All but keys is copied by the server, so that no type is changed on the way.
    """
    table = plan.table
    names = [name for name in plan.copied if not (name == plan.numbered and name in changes)]
    is_postgresql = connection.dialect.name == "postgresql"

    def value(name: str) -> Any:
        column = table.columns[name]
        if name not in changes:
            return column
        bound = literal(changes[name], column.type)
        return cast(bound, column.type) if is_postgresql else bound

    chosen = select(*map(value, names)).where(
        *(table.columns[name] == row[name] for name in plan.key or plan.read)
    )
    statement: Any = table.insert().from_select(names, chosen, include_defaults=False)
    if plan.numbered:
        statement = statement.returning(table.columns[plan.numbered])
    if is_postgresql:
        connection.exec_driver_sql("SAVEPOINT querysafe_row")
    try:
        result = connection.execute(statement)
        number = result.scalar() if plan.numbered else None
    except (SQLAlchemyError, ValueError, TypeError):
        if is_postgresql:
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT querysafe_row")
        return None
    if is_postgresql:
        connection.exec_driver_sql("RELEASE SAVEPOINT querysafe_row")
    clone = {**row, **changes}
    if plan.numbered:
        clone[plan.numbered] = number
    return clone
