"""The first rows of every parent in one query: ``row_number()`` over the parents."""

import ast

from querysafe.analysis.cures import expressions, rows
from querysafe.analysis.loops import Loop
from querysafe.query import CapturedQuery


def cure(query: CapturedQuery, loop: Loop | None) -> str:
    """A window function over the loop's own query."""
    built = expressions.find(query.stack[0] if query.stack else None)
    if built is None or built.sort not in ("select", "query"):
        return _in_words(query)
    entity = expressions.entity_of(built.expression) or query.orm_cause.entity
    batched = rows.batched(query, loop)
    batched = batched.partition(" = ")[2] if built.assigned else batched
    expression = ast.parse(batched, mode="eval").body
    limit, order = "1", f"{entity}.id"
    partition = f"{entity}.parent_id"
    while isinstance(expression, ast.Call) and isinstance(expression.func, ast.Attribute):
        name = expression.func.attr
        if name == "limit" and expression.args:
            limit = ast.unparse(expression.args[0])
        elif name == "order_by" and expression.args:
            order = ", ".join(ast.unparse(each) for each in expression.args)
        elif name not in ("first", "one_or_none", "one", "all", "scalar", "offset"):
            break
        expression = expression.func.value
    for node in ast.walk(expression):
        if isinstance(node, ast.Attribute) and node.attr == "in_":
            partition = ast.unparse(node.value)
            break
    orders = f"[{order}]" if ", " in order else order
    kept = _only_conditions(expression, entity)
    return (
        f"ranked = select({entity}.id, func.row_number().over(partition_by={partition}, "
        f"order_by={orders}).label('position')){kept}.subquery()\n"
        f"select({entity}).join(ranked, ranked.c.id == {entity}.id)"
        f".where(ranked.c.position <= {limit})"
    )


def _only_conditions(expression: ast.expr, entity: str) -> str:
    """The ``where`` calls of a chain, in order."""
    conditions: list[str] = []
    node = expression
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in ("where", "filter"):
            conditions.insert(0, f".where({', '.join(ast.unparse(each) for each in node.args)})")
        elif node.func.attr == "filter_by":
            conditions.insert(
                0,
                "".join(
                    f".where({entity}.{each.arg} == {ast.unparse(each.value)})"
                    for each in node.keywords
                ),
            )
        node = node.func.value
    return "".join(conditions)


def _in_words(query: CapturedQuery) -> str:
    entity = query.orm_cause.entity or "Row"
    return (
        f"ranked = select({entity}.id, func.row_number().over(partition_by={entity}.parent_id, "
        f"order_by={entity}.id).label('position')).subquery()\n"
        f"select({entity}).join(ranked, ranked.c.id == {entity}.id).where(ranked.c.position <= 1)"
    )
