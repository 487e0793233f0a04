"""Rows where a test has none: a loop over nothing hides its queries altogether.

A parent without children gets clones of other parents' children; where a table is empty,
rows are invented from the types of its columns and the defaults of its model. What a table
refuses is left out.
"""

import enum
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Connection, Enum, String, Table, select

from querysafe.growth.cloning import Cloned, Cloner, is_original, key_of, remapped
from querysafe.growth.copying import Row, attempt
from querysafe.growth.schema import Link, Plan

MOST_PARENTS = 20
"""So many parents of a table get children; a loop shows itself with two."""
ROOTS = 2
"""So many rows are invented in a table that refers to nothing."""


class Filler:
    """Fills what is empty, once a table."""

    def __init__(self, cloner: Cloner) -> None:
        self._cloner = cloner

    def fill(self, connection: Connection, cloned: Cloned) -> None:
        """Give every parent a child, in tables that were not filled yet."""
        plans = self._cloner.plans(connection)
        models = dict(_models(plans))
        for plan in plans:
            name = plan.table.key
            if name in cloned.filled:
                continue
            cloned.filled.add(name)
            model, is_polymorphic = models.get(name, (None, False))
            if is_polymorphic or _extends(plan) or not plan.key:
                continue
            for made in self._made(connection, plan, model, cloned):
                cloned.add(plan, made)

    def _made(
        self, connection: Connection, plan: Plan, model: Table | None, cloned: Cloned
    ) -> Iterator[Mapping[str, Any]]:
        rows = self._cloner.read(connection, plan)
        parents = [link for link in plan.links if link.target != plan.table.key]
        needed = [link for link in parents if not _is_nullable(plan, link)]
        if not rows and not needed:
            wanted: list[dict[str, Any]] = [{} for _ in range(ROOTS)]
            yield from self._inserted(connection, plan, model, wanted, parents)
            return
        for link in needed:
            childless = self._childless(connection, plan, link)
            if not rows:
                yield from self._inserted(connection, plan, model, childless, parents)
                return
            others = [each for each in parents if each is not link]
            mine = [keys for keys in childless if is_original(cloned, link, keys)]
            for changes in self._adopted(plan, rows, others, mine, cloned):
                made = self._cloner.insert(connection, plan, *changes)
                if made is not None:
                    yield made

    def _adopted(
        self,
        plan: Plan,
        rows: list[Row],
        others: list[Link],
        parents: list[dict[str, Any]],
        cloned: Cloned,
    ) -> Iterator[tuple[Row, dict[str, Any]]]:
        """For each parent a row to clone, once as it is and once with copies of its others."""
        made = cloned.made.get(plan.table.key, set())
        template = next((row for row in rows if key_of(plan, row) not in made), None)
        for parent in parents if template is not None else ():
            assert template is not None
            yield template, parent
            yield template, {**remapped(cloned, others, template), **parent}

    def _inserted(
        self,
        connection: Connection,
        plan: Plan,
        model: Table | None,
        wanted: list[dict[str, Any]],
        parents: list[Link],
    ) -> Iterator[Mapping[str, Any]]:
        """Invent a row for each of some foreign keys; the others take turns with what is there."""
        known = {link: self._keys(connection, plan, link) for link in parents}
        table = plan.table if model is None else model
        for turn, chosen in enumerate(wanted):
            values = dict(chosen)
            for link, keys in known.items():
                if keys and not set(link.columns) <= values.keys():
                    values |= keys[turn % len(keys)]
            try:
                for column in plan.table.columns:
                    if column.name not in values and _is_wanted(column, plan, table):
                        values[column.name] = invented(_typed(column, table), self._cloner.serial())
            except LookupError:
                return
            made = attempt(connection, table.insert().values(_named(values, table)))
            if made is None:
                return
            key = plan.key
            inserted = zip(key, made.inserted_primary_key or (), strict=False)
            yield {**dict.fromkeys(plan.read), **values, **dict(inserted)}

    def _keys(self, connection: Connection, plan: Plan, link: Link) -> list[dict[str, Any]]:
        target = plan.table.metadata.tables.get(link.target)
        if target is None:
            return []
        chosen = select(*(target.columns[name] for name in link.targets)).limit(MOST_PARENTS * 3)
        return [
            dict(zip(link.columns, row, strict=True)) for row in connection.execute(chosen).all()
        ]

    def _childless(self, connection: Connection, plan: Plan, link: Link) -> list[dict[str, Any]]:
        columns = [plan.table.columns[name] for name in link.columns]
        having = {tuple(row) for row in connection.execute(select(*columns).distinct())}
        return [
            keys
            for keys in self._keys(connection, plan, link)
            if tuple(keys[name] for name in link.columns) not in having
        ][:MOST_PARENTS]


def invented(column: Column[Any], serial: int) -> Any:
    """A value of a column's type. Raises :class:`LookupError` for a type that is not known."""
    type_ = column.type
    if isinstance(type_, Enum):
        return next(iter(type_.enum_class)) if type_.enum_class is not None else type_.enums[0]
    try:
        python = type_.python_type
    except NotImplementedError:
        raise LookupError(str(type_)) from None
    if issubclass(python, enum.Enum):
        return next(iter(python))
    if issubclass(python, str):
        length = getattr(type_, "length", None) if isinstance(type_, String) else None
        return f"q{serial}"[-(length or 20) :]
    value = _VALUES.get(python)
    if value is None:
        raise LookupError(python.__name__)
    return value(serial)


_VALUES: dict[type, Callable[[int], Any]] = {
    bool: lambda _: False,
    int: lambda serial: serial,
    float: float,
    Decimal: lambda _: Decimal(1),
    bytes: lambda serial: b"q%d" % serial,
    datetime: lambda serial: datetime(2024, 1, 1) + timedelta(seconds=serial),
    date: lambda serial: date(2024, 1, 1) + timedelta(days=serial),
    time: lambda serial: time(serial % 24),
    timedelta: lambda serial: timedelta(seconds=serial),
    uuid.UUID: lambda _: uuid.uuid4(),
    dict: lambda _: {},
    list: lambda _: [],
}


def _is_wanted(column: Column[Any], plan: Plan, table: Table) -> bool:
    """Whether a column must be given a value: nobody else does."""
    typed = _typed(column, table)
    is_numbered = (column.name,) == plan.key and issubclass(_python(column), int)
    return not (
        column.nullable
        or column.computed is not None
        or column.identity is not None
        or column.server_default is not None
        or typed.default is not None
        or typed.server_default is not None
        or is_numbered
    )


def _python(column: Column[Any]) -> type:
    try:
        return column.type.python_type
    except NotImplementedError:
        return object


def _typed(column: Column[Any], table: Table) -> Column[Any]:
    """The column as the model has it, which knows more of its type."""
    return next((each for each in table.columns if each.name == column.name), column)


def _named(values: Mapping[str, Any], table: Table) -> dict[Any, Any]:
    return {column: values[column.name] for column in table.columns if column.name in values}


def _is_nullable(plan: Plan, link: Link) -> bool:
    return any(plan.table.columns[name].nullable for name in link.columns)


def _extends(plan: Plan) -> bool:
    """Whether the table's key is another's: a subclass, which a class must tell of its row."""
    return any(set(link.columns) == set(plan.key) for link in plan.links)


def _models(plans: tuple[Plan, ...]) -> Iterator[tuple[str, tuple[Table, bool]]]:
    """Tables of the application's models by their name, and whether rows tell their class."""
    reflected = {plan.table.key: set(plan.table.columns.keys()) for plan in plans}
    module = sys.modules.get("sqlalchemy.orm.mapper")
    registries: set[Any] = getattr(module, "_all_registries", set)()
    for registry in registries:
        for mapper in list(registry.mappers):
            table = mapper.local_table
            if isinstance(table, Table) and reflected.get(table.key) == {
                column.name for column in table.columns
            }:
                yield table.key, (table, mapper.polymorphic_on is not None)
