"""What the throw-away database says after the project's own migrations: names, partitions, indexes."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from querysafe.advice.index import Index, Table, quoted
from querysafe.advice.revision.work import Partition

_NAMES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
"""
_TABLES = """
SELECT n.nspname, c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
"""
_CHILDREN = """
SELECT pn.nspname, p.relname, n.nspname, c.relname
FROM pg_inherits h
JOIN pg_class c ON c.oid = h.inhrelid AND c.relkind IN ('r', 'p') AND c.relispartition
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = h.inhparent
JOIN pg_namespace pn ON pn.oid = p.relnamespace
ORDER BY c.oid
"""
_INDEXES = """
SELECT n.nspname, c.relname, pg_get_indexdef(c.oid), x.indisvalid
FROM pg_index x
JOIN pg_class c ON c.oid = x.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY 1, 2
"""
_KEY = "SELECT pg_get_indexdef(%s::regclass, %s, true)"
_WHERE = """
SELECT pg_get_expr(indpred, indrelid, true) FROM pg_index WHERE indexrelid = %s::regclass
"""
_PROBE = "querysafe_probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """A database's names."""

    tables: Mapping[Table, str]
    """``relkind`` by table: ``r``, ``p`` or ``m``."""
    names: Mapping[str, frozenset[str]]
    """Every relation's name, by schema: indexes share them with tables."""
    children: Mapping[Table, tuple[Table, ...]]
    """Partitions by their parent."""
    indexes: Mapping[tuple[str, str], tuple[str, bool]]
    """``CREATE INDEX`` and validity, by schema and name."""

    def partitions(self, table: Table) -> tuple[Partition, ...] | None:
        """The partitions of a table with theirs; None when it is not partitioned."""
        if self.tables.get(table) != "p":
            return None
        return tuple(
            Partition(table=child, partitions=self.partitions(child))
            for child in self.children.get(table, ())
        )


def read(connection: Any) -> Catalog:
    """Read it through a psycopg connection."""
    names: dict[str, set[str]] = {}
    for schema, name in connection.execute(_NAMES):
        names.setdefault(schema, set()).add(name)
    children: dict[Table, list[Table]] = {}
    for parent_schema, parent, schema, name in connection.execute(_CHILDREN):
        children.setdefault(Table(parent_schema, parent), []).append(Table(schema, name))
    return Catalog(
        tables={Table(schema, name): kind for schema, name, kind in connection.execute(_TABLES)},
        names={schema: frozenset(found) for schema, found in names.items()},
        children={parent: tuple(found) for parent, found in children.items()},
        indexes=snapshot(connection),
    )


def snapshot(connection: Any) -> dict[tuple[str, str], tuple[str, bool]]:
    """Every index with its definition and whether it is valid."""
    return {
        (schema, name): (definition, valid)
        for schema, name, definition, valid in connection.execute(_INDEXES)
    }


def normal_form(connection: Any, index: Index, *, sql: str | None = None) -> str:
    """How the server itself writes an index, without its name: see :func:`written`."""
    return written(connection, index, sql=sql)[0]


def written(connection: Any, index: Index, *, sql: str | None = None) -> tuple[str, Index]:
    """How the server itself writes an index, without its name, and the index with the server's
    spelling of its expressions and predicate, by which Alembic compares.

    The index is created and rolled back, with ``sql`` as the statement when it is given: a
    complete ``CREATE INDEX`` of any name. Raises what psycopg raises when it is refused.
    """
    with connection.transaction(force_rollback=True):
        for name in index.extensions:
            connection.execute(f'CREATE EXTENSION IF NOT EXISTS "{name}"')
        before = set(snapshot(connection))
        connection.execute(sql or index.create(_PROBE))
        after = snapshot(connection)
        made = [
            (name, definition)
            for (schema, name), (definition, _) in after.items()
            if (schema, name) not in before and schema == index.table.schema
        ]
        exact = [each for each in made if each[0] == _PROBE] or made
        spelled = _spelled(connection, index, exact[0][0])
    return nameless(*exact[0]), spelled


def _spelled(connection: Any, index: Index, name: str) -> Index:
    qualified = f"{quoted(index.table.schema)}.{quoted(name)}"
    keys = []
    for place, key in enumerate(index.keys, 1):
        if key.expression:
            (text,) = connection.execute(_KEY, [qualified, place]).fetchone()
            key = replace(key, expression=_bare(text))
        keys.append(key)
    (where,) = connection.execute(_WHERE, [qualified]).fetchone()
    return replace(index, keys=tuple(keys), where=where or "")


def _bare(expression: str) -> str:
    """An expression without the parentheses that enclose all of it."""
    while expression.startswith("(") and expression.endswith(")"):
        depth = 0
        for place, sign in enumerate(expression):
            depth += (sign == "(") - (sign == ")")
            if depth == 0 and place < len(expression) - 1:
                return expression
        expression = expression[1:-1]
    return expression


def nameless(name: str, definition: str) -> str:
    """``pg_get_indexdef`` without the name of the index and ``ONLY``."""
    for shown in (f'"{name}"', name):
        with suppress(ValueError):
            place = definition.index(f" INDEX {shown} ON ")
            rest = definition[place + len(f" INDEX {shown} ON ") :].removeprefix("ONLY ")
            return f"{definition[:place]} INDEX ON {rest}"
    return definition


def equivalent(
    catalog: Catalog, schema: str, form: str, *, names: Collection[str] | None = None
) -> Sequence[str]:
    """Names of the valid indexes in a schema that are written like this."""
    return [
        name
        for (where, name), (definition, valid) in catalog.indexes.items()
        if where == schema
        and valid
        and (names is None or name in names)
        and nameless(name, definition) == form
    ]
