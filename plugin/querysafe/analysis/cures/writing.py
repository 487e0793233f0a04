"""Writes of many rows in one statement."""

import ast
import copy

from querysafe.analysis.cures import expressions
from querysafe.analysis.loops import Loop
from querysafe.analysis.values import tables_of
from querysafe.query import CapturedQuery, Kind, Loading


def cure(query: CapturedQuery, loop: Loop | None) -> str:
    """Code that writes all rows of a loop at once."""
    target = _class_name(query)
    over = "rows"
    name = "row"
    if loop is not None and loop.target is not None and loop.iterable is not None:
        over, name = ast.unparse(loop.iterable), ast.unparse(loop.target)
    found = _written(query, loop)
    if query.kind is Kind.INSERT:
        if found is not None:
            return f"session.add_all([{ast.unparse(found)} for {name} in {over}])\nsession.flush()"
        values = _values(query, name)
        owner = "session" if query.orm_cause.loading is Loading.FLUSH else "connection"
        return f"{owner}.execute(insert({target}).values([{values} for {name} in {over}]))"
    keys = f"[{name}.id for {name} in {over}]" if name.isidentifier() else "ids"
    if query.kind is Kind.DELETE:
        return f"session.execute(delete({target}).where({target}.id.in_({keys})))"
    columns = _columns(query)
    pairs = ", ".join(f"{column}=..." for column in columns)
    bulk = ", ".join(f"'{column}': {name}.{column}" for column in ("id", *columns))
    if query.orm_cause.loading is Loading.FLUSH:
        return f"session.execute(update({target}), [{{{bulk}}} for {name} in {over}])"
    return f"session.execute(update({target}).where({target}.id.in_({keys})).values({pairs}))"


def _written(query: CapturedQuery, loop: Loop | None) -> ast.expr | None:
    """The object that a loop adds: ``Order(...)`` of ``session.add(Order(...))``."""
    if loop is None or loop.node is None or query.orm_cause.loading is not Loading.FLUSH:
        return None
    built = None
    for node in ast.walk(loop.node):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and (node.func.attr == "add" and node.args)
        ):
            built = node.args[0]
    if isinstance(built, ast.Name):
        for node in ast.walk(loop.node):
            if isinstance(node, ast.Assign) and any(
                isinstance(each, ast.Name) and each.id == built.id for each in node.targets
            ):
                return copy.deepcopy(node.value)
        return None
    return copy.deepcopy(built) if isinstance(built, ast.Call) else None


def _class_name(query: CapturedQuery) -> str:
    """The class or table that the source names, else one made of the table's name."""
    frame = query.stack[0] if query.stack else None
    built = expressions.find(frame)
    for node in ast.walk(built.call) if built is not None else ():
        if isinstance(node, ast.Call) and node.args:
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            if called in ("insert", "update", "delete"):
                return ast.unparse(node.args[0])
    tables = sorted(tables_of(query.statement))
    table = tables[0] if tables else "rows"
    if query.orm_cause.loading is not Loading.FLUSH:
        return table
    singular = table[:-3] + "y" if table.endswith("ies") else table.removesuffix("s")
    return "".join(part.capitalize() for part in singular.split("_"))


def _columns(query: CapturedQuery) -> list[str]:
    """The columns that an UPDATE sets."""
    text = " ".join(query.statement.split())
    _, _, rest = text.partition(" SET ")
    return [
        part.partition("=")[0].strip().strip('"`')
        for part in rest.partition(" WHERE ")[0].split(",")
        if "=" in part
    ]


def _values(query: CapturedQuery, name: str) -> str:
    text = " ".join(query.statement.split())
    columns = text.partition("(")[2].partition(")")[0].split(",")
    names = [column.strip().strip('"`') for column in columns if column.strip()]
    if not name.isidentifier():
        name = "row"
    return "{" + ", ".join(f"{column!r}: {name}.{column}" for column in names if column) + "}"
