"""Calls of ``op`` as changes: https://alembic.sqlalchemy.org/en/latest/ops.html."""

import ast
from collections.abc import Iterator
from typing import Any

from querysafe.advice.revision.lint.sql import is_volatile
from querysafe.advice.revision.lint.values import (
    Names,
    constant,
    is_false,
    is_true,
    keyword,
    texts_of,
)

Found = tuple[str, dict[str, Any]]
_CONSTRAINTS = {
    "create_unique_constraint": "unique",
    "create_primary_key": "primary_key",
    "create_exclude_constraint": "exclusion",
}


def changes(
    call: ast.Call, name: str, names: Names, batch: tuple[str, ...] | None
) -> Iterator[Found]:
    """What one call changes. ``batch`` is the table of ``op.batch_alter_table`` it is called on."""
    given = _Arguments(call, names, batch)
    if name == "create_index":
        yield (
            "create_index",
            {
                "name": given.text(0, "index_name"),
                "table": given.table(1),
                "columns": texts_of(given.node(2, "columns"), names),
                "concurrently": is_true(keyword(call, "postgresql_concurrently")),
                "guarded": is_true(keyword(call, "if_not_exists")),
            },
        )
    elif name == "drop_index":
        yield (
            "drop_index",
            {
                "name": given.text(0, "index_name"),
                "table": given.table(1),
                "concurrently": is_true(keyword(call, "postgresql_concurrently")),
                "guarded": is_true(keyword(call, "if_exists")),
            },
        )
    elif name == "create_foreign_key":
        yield (
            "foreign_key",
            {
                "name": given.text(0, "constraint_name"),
                "table": given.table(1, "source_table", schema="source_schema"),
                "references": given.text(2 - given.shift, "referent_table"),
                "columns": texts_of(given.node(3 - given.shift, "local_cols"), names),
                "not_valid": is_true(keyword(call, "postgresql_not_valid")),
            },
        )
    elif name == "create_check_constraint":
        yield (
            "check",
            {
                "name": given.text(0, "constraint_name"),
                "table": given.table(1),
                "expression": given.text(2 - given.shift, "condition"),
                "not_valid": is_true(keyword(call, "postgresql_not_valid")),
            },
        )
    elif name in _CONSTRAINTS:
        yield (
            _CONSTRAINTS[name],
            {
                "name": given.text(0, "constraint_name"),
                "table": given.table(1),
                "columns": texts_of(given.node(2 - given.shift, "columns"), names),
                "using_index": keyword(call, "postgresql_using_index") is not None,
            },
        )
    elif name == "drop_constraint":
        yield "drop_constraint", {"name": given.text(0, "constraint_name"), "table": given.table(1)}
    elif name == "add_column":
        yield from _columns(given.node(1 - given.shift, "column"), given.table(0), names)
    elif name == "drop_column":
        column = given.text(1 - given.shift, "column_name")
        yield "drop_column", {"name": column, "table": given.table(0)}
    elif name == "alter_column":
        yield from _altered(call, given, names)
    elif name == "rename_table":
        yield (
            "rename_table",
            {"name": given.text(1, "new_table_name"), "table": given.table(0, "old_table_name")},
        )
    elif name == "drop_table":
        yield "drop_table", {"table": given.table(0)}
    elif name == "create_table":
        partitioned = keyword(call, "postgresql_partition_by") is not None
        yield "create_table", {"table": given.table(0), "partitioned": partitioned}
        for each in call.args[1:]:
            if isinstance(each, ast.Call) and _last(each) == "Column" and each.args:
                column = constant(each.args[0], names) or ""
                yield (
                    "column",
                    {"table": given.table(0), "name": column, "type": _declared(each)},
                )


def table_of(call: ast.Call, names: Names, *, position: int, word: str = "table_name") -> str:
    """The table that a call names, with its schema."""
    return _Arguments(call, names, None).table(position, word)


class _Arguments:
    """The arguments of a call, by position or keyword. On a batch the table is left out."""

    def __init__(self, call: ast.Call, names: Names, batch: tuple[str, ...] | None) -> None:
        self._call = call
        self._names = names
        self._batch = batch
        self.shift = 0 if batch is None else 1

    def node(self, position: int, word: str) -> ast.expr | None:
        given = keyword(self._call, word)
        if given is not None:
            return given
        return self._call.args[position] if 0 <= position < len(self._call.args) else None

    def text(self, position: int, word: str) -> str:
        return constant(self.node(position, word), self._names) or ""

    def table(self, position: int, word: str = "table_name", *, schema: str = "schema") -> str:
        if self._batch is not None:
            return self._batch[0]
        name = self.text(position, word)
        where = constant(keyword(self._call, schema), self._names)
        return f"{where}.{name}" if where and name else name


def _columns(column: ast.expr | None, table: str, names: Names) -> Iterator[Found]:
    """A new column, and the index or constraint that comes with it."""
    if not isinstance(column, ast.Call):
        yield "add_column", {"table": table}
        return
    name = constant(column.args[0], names) if column.args else None
    default = _default(column, names)
    yield (
        "add_column",
        {
            "table": table,
            "name": name or "",
            "nullable": not is_false(keyword(column, "nullable")),
            "default": default,
            "type": _declared(column),
        },
    )
    columns = (name,) if name else ()
    for argument in column.args:
        if isinstance(argument, ast.Call) and _last(argument) == "ForeignKey":
            target = constant(argument.args[0], names) if argument.args else None
            references = (target or "").rpartition(".")[0]
            yield "foreign_key", {"table": table, "columns": columns, "references": references}
    if is_true(keyword(column, "index")):
        yield "create_index", {"table": table, "columns": columns}
    if is_true(keyword(column, "unique")):
        yield "unique", {"table": table, "columns": columns}


def _default(column: ast.Call, names: Names) -> str:
    for argument in column.args:
        if isinstance(argument, ast.Call):
            if _last(argument) == "Identity":
                return "identity"
            if _last(argument) == "Computed":
                return "generated"
    kind = column.args[1] if len(column.args) > 1 else None
    if kind is not None and (_last(kind) or "").lower() in ("serial", "bigserial", "smallserial"):
        return "identity"
    given = keyword(column, "server_default")
    if given is None or (isinstance(given, ast.Constant) and given.value is None):
        return "none"
    text = constant(given, names)
    if text is None:
        text = ast.unparse(given).replace("func.", "")
    return "volatile" if is_volatile(text) else "constant"


def _altered(call: ast.Call, given: _Arguments, names: Names) -> Iterator[Found]:
    fields = {"table": given.table(0), "name": given.text(1 - given.shift, "column_name")}
    is_plain = True
    if keyword(call, "new_column_name") is not None:
        is_plain = False
        yield "rename_column", fields
    if (kind := keyword(call, "type_")) is not None:
        is_plain = False
        old = keyword(call, "existing_type")
        yield "alter_type", {**fields, "type": _type(kind), "old_type": _type(old)}
    if is_false(keyword(call, "nullable")) and not is_false(keyword(call, "existing_nullable")):
        is_plain = False
        yield "set_not_null", fields
    if is_plain:
        yield "alter", fields


def _declared(column: ast.Call) -> str:
    """The type in a call of ``Column``."""
    kind = keyword(column, "type_")
    if kind is None and len(column.args) > 1 and not _is_item(column.args[1]):
        kind = column.args[1]
    return _type(kind)


def _is_item(node: ast.expr) -> bool:
    return _last(node) in ("ForeignKey", "Identity", "Computed", "Sequence", "CheckConstraint")


def _type(node: ast.expr | None) -> str:
    """A type as SQL calls it: ``varchar(20)``, ``text``, ``numeric(8, 2)``."""
    if node is None:
        return ""
    while isinstance(node, ast.Call) and _last(node) == "with_variant":
        variants = [each.value for each in node.args if isinstance(each, ast.Constant)]
        if "postgresql" in variants and node.args:
            node = node.args[0]
        elif isinstance(node.func, ast.Attribute):
            node = node.func.value
    name = (_last(node) or "").lower()
    arguments: list[str] = []
    if isinstance(node, ast.Call):
        arguments = [ast.unparse(each) for each in node.args]
        length = keyword(node, "length")
        if length is not None:
            arguments.append(ast.unparse(length))
        for word in ("precision", "scale"):
            value = keyword(node, word)
            if value is not None:
                arguments.append(ast.unparse(value))
    names = {
        "string": "varchar",
        "unicode": "varchar",
        "unicodetext": "text",
        "biginteger": "bigint",
        "smallinteger": "smallint",
        "decimal": "numeric",
    }
    name = names.get(name, name)
    if name in ("varchar", "numeric", "char") and arguments:
        return f"{name}({', '.join(arguments)})"
    if name in ("datetime", "timestamp"):
        zoned = isinstance(node, ast.Call) and is_true(keyword(node, "timezone"))
        return "timestamptz" if zoned else "timestamp"
    return name


def _last(node: ast.expr) -> str | None:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
