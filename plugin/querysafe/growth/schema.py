"""The tables of a database as far as cloning its rows needs them, reflected once a schema."""

import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, Table, UniqueConstraint, inspect, text
from sqlalchemy.exc import SAWarning

_OURS = ("alembic_version",)
_SQLITE = "SELECT group_concat(coalesce(sql, ''), ';') FROM sqlite_master"
_SQLITE_UNIQUE = (
    "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name "
    "AND sql LIKE 'CREATE UNIQUE%'"
)
_POSTGRESQL = """
SELECT md5(string_agg(concat_ws(',', attrelid::regclass, attname, atttypid, attnotnull), ';'
                      ORDER BY attrelid, attnum))
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE attnum > 0 AND relkind IN ('r', 'p') AND nspname NOT LIKE 'pg\\_%' AND
      nspname <> 'information_schema'
"""


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key: its columns, and the table and columns that they name."""

    columns: tuple[str, ...]
    target: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """One table."""

    table: Table
    key: tuple[str, ...]
    """Columns of the primary key."""
    numbered: str | None
    """The key's column when nobody but the database may give it its value."""
    links: tuple[Link, ...]
    uniques: tuple[tuple[str, ...], ...]
    """Column sets that may not repeat, the primary key's included."""
    copied: tuple[str, ...]
    """Every column that can be written."""

    @property
    def read(self) -> tuple[str, ...]:
        """Columns whose values decide on a clone."""
        names = dict.fromkeys(self.key)
        names |= dict.fromkeys(name for link in self.links for name in link.columns)
        names |= dict.fromkeys(name for unique in self.uniques for name in unique)
        return tuple(names)


class Schemas:
    """Remembers what was reflected."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Any], tuple[Plan, ...]] = {}

    def plans(self, connection: Connection) -> tuple[Plan, ...]:
        """The tables of a connection's database, those that others name first."""
        dialect = connection.dialect.name
        statement = _SQLITE if dialect == "sqlite" else _POSTGRESQL
        key = (dialect, connection.execute(text(statement)).scalar())
        if key not in self._known:
            self._known[key] = tuple(_reflected(connection))
        return self._known[key]


def _reflected(connection: Connection) -> Iterator[Plan]:
    inspector = inspect(connection)
    metadata = MetaData()
    schemas: list[str | None] = [None]
    if connection.dialect.name == "postgresql":
        default = inspector.default_schema_name
        schemas += [
            name
            for name in inspector.get_schema_names()
            if name not in (default, "information_schema") and not name.startswith("pg_")
        ]
    with warnings.catch_warnings():
        # Types that the dialect does not know are copied as they are; cycles are broken below.
        warnings.simplefilter("ignore", SAWarning)
        for schema in schemas:
            metadata.reflect(bind=connection, schema=schema)
        for table in metadata.sorted_tables:
            if table.name not in _OURS:
                yield _plan(table, list(_unique_indexes(connection, inspector, table)))


def _unique_indexes(
    connection: Connection, inspector: Any, table: Table
) -> Iterator[tuple[str, ...]]:
    for index in inspector.get_indexes(table.name, schema=table.schema):
        if index.get("unique"):
            yield _columns_of(index.get("expressions") or index["column_names"], table)
    if connection.dialect.name == "sqlite":
        # SQLAlchemy skips indexes on expressions there.
        texts = connection.execute(text(_SQLITE_UNIQUE), {"name": table.name}).scalars()
        for body in texts:
            yield _columns_of([body.partition("(")[2]], table)


def _plan(table: Table, unique_indexes: list[tuple[str, ...]]) -> Plan:
    key = tuple(column.name for column in table.primary_key.columns)
    links = tuple(
        Link(
            columns=tuple(element.parent.name for element in constraint.elements),
            target=constraint.referred_table.key,
            targets=tuple(element.column.name for element in constraint.elements),
        )
        for constraint in sorted(
            table.foreign_key_constraints, key=lambda each: tuple(each.column_keys)
        )
    )
    uniques = {key} if key else set()
    uniques |= {
        tuple(column.name for column in constraint.columns)
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
    }
    uniques |= set(unique_indexes)
    return Plan(
        table=table,
        key=key,
        numbered=_numbered(table, key),
        links=links,
        uniques=tuple(sorted(unique for unique in uniques if unique)),
        copied=tuple(column.name for column in table.columns if column.computed is None),
    )


def _columns_of(parts: Iterable[str], table: Table) -> tuple[str, ...]:
    """Columns of an index, those within its expressions included: ``lower(email)``."""
    names: dict[str, None] = {}
    for name in parts:
        if name in table.columns:
            names[name] = None
        else:
            words = re.findall(r"\w+", name or "")
            names |= dict.fromkeys(word for word in words if word in table.columns)
    return tuple(names)


def _numbered(table: Table, key: tuple[str, ...]) -> str | None:
    if len(key) != 1:
        return None
    identity = table.columns[key[0]].identity
    return key[0] if identity is not None and identity.always else None
