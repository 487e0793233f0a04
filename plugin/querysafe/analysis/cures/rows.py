"""Queries sent row by row, rewritten to ask for all rows at once."""

import ast
import copy

from querysafe.analysis.cures import expressions
from querysafe.analysis.loops import Loop
from querysafe.analysis.sources import names_in, source
from querysafe.analysis.values import values_of
from querysafe.query import CapturedQuery, Frame


def loop_around(frame: Frame) -> tuple[str, str] | None:
    """Target and iterable of the nearest loop in a frame's own function, as code."""
    from querysafe.analysis.loops import _loops_around

    for node in _loops_around(frame):
        if isinstance(node, ast.For | ast.AsyncFor):
            return ast.unparse(node.target), ast.unparse(node.iter)
        if not isinstance(node, ast.While):
            first = node.generators[0]
            return ast.unparse(first.target), ast.unparse(first.iter)
    return None


def keys_of(argument: ast.expr, loop: Loop | None, depth_zero: bool) -> str:
    """The keys of all rows: ``[line.product_id for line in lines]``, or ``ids``."""
    if loop is None or loop.target is None or loop.iterable is None or not depth_zero:
        return "ids"
    target, iterable = ast.unparse(loop.target), ast.unparse(loop.iterable)
    text = ast.unparse(argument)
    if not names_in(argument) & names_in(loop.target):
        return "ids"
    if text == target:
        return iterable if isinstance(loop.iterable, ast.Name | ast.List) else f"list({iterable})"
    return f"[{text} for {target} in {iterable}]"


def lookups(query: CapturedQuery, loop: Loop | None) -> str:
    """``Session.get`` in a loop: one SELECT into a dictionary by key."""
    cause = query.orm_cause
    entity = cause.entity
    built = expressions.find(query.stack[0] if query.stack else None)
    keys = "ids"
    owner = "session"
    if built is not None and built.sort == "get":
        owner = ast.unparse(built.call.func.value)  # type: ignore[attr-defined]
        keys = keys_of(built.call.args[-1], loop, loop is not None and loop.depth == 0)
        if len(built.call.args) > 1:
            entity = ast.unparse(built.call.args[0])
        else:
            owner = "session"
    names = cause.columns or ("id",)
    lower = entity.rpartition(".")[2].lower()
    if len(names) == 1:
        attribute, key = f"{entity}.{names[0]}", f"{lower}.{names[0]}"
    else:
        attribute = f"tuple_({', '.join(f'{entity}.{name}' for name in names)})"
        key = f"({', '.join(f'{lower}.{name}' for name in names)})"
    awaiting = "await " if _is_async(query) else ""
    return (
        f"found = {{{key}: {lower} for {lower} in "
        f"{awaiting}{owner}.scalars(select({entity}).where({attribute}.in_({keys})))}}"
    )


def _is_async(query: CapturedQuery) -> bool:
    if not query.stack:
        return False
    chain = source(query.stack[0].file).chain(query.stack[0])
    return any(isinstance(node, ast.Await) for node in chain)


def batched(query: CapturedQuery, loop: Loop | None) -> str:
    """A SELECT for one row's key, rewritten to take the keys of all rows."""
    built = expressions.find(query.stack[0] if query.stack else None)
    if built is not None and built.sort in ("select", "query"):
        rewritten = _with_in(built.expression, loop, loop is not None and loop.depth == 0)
        if rewritten is not None:
            code = ast.unparse(rewritten)
            if built.assigned:
                return f"{built.assigned} = {code}"
            return code
    return from_text(query)


def _with_in(expression: ast.expr, loop: Loop | None, depth_zero: bool) -> ast.expr | None:
    """Replace the equality with a row's value by ``in_`` with the values of all rows."""
    expression = copy.deepcopy(expression)
    varying = names_in(loop.target) if loop is not None and loop.target is not None else set()
    candidates = [
        node
        for node in ast.walk(expression)
        if isinstance(node, ast.Compare)
        and len(node.ops) == 1
        and isinstance(node.ops[0], ast.Eq)
        and isinstance(node.left, ast.Attribute)
    ]
    best = [node for node in candidates if names_in(node.comparators[0]) & varying]
    chosen = (
        best
        or [node for node in candidates if not isinstance(node.comparators[0], ast.Constant)]
        or candidates
    )
    if not chosen:
        return _with_in_keywords(expression, varying, loop, depth_zero)
    node = chosen[0]
    keys = keys_of(node.comparators[0], loop, depth_zero)
    call = ast.Call(
        func=ast.Attribute(value=node.left, attr="in_", ctx=ast.Load()),
        args=[ast.parse(keys, mode="eval").body],
        keywords=[],
    )
    return _replaced(expression, node, call)


def _with_in_keywords(
    expression: ast.expr, varying: set[str], loop: Loop | None, depth_zero: bool
) -> ast.expr | None:
    """``filter_by(order_id=order.id)`` becomes ``filter(Line.order_id.in_(...))``."""
    entity = expressions.entity_of(expression)
    for node in ast.walk(expression):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and (node.func.attr == "filter_by" and entity)
        ):
            for keyword in list(node.keywords):
                if not varying or names_in(keyword.value) & varying:
                    keys = keys_of(keyword.value, loop, depth_zero)
                    condition = ast.parse(f"{entity}.{keyword.arg}.in_({keys})", mode="eval").body
                    node.keywords.remove(keyword)
                    if not node.keywords:
                        node.func.attr = "where"
                        node.args.append(condition)
                        return expression
                    inner = copy.copy(node)
                    call = ast.Call(
                        func=ast.Attribute(value=inner, attr="where", ctx=ast.Load()),
                        args=[condition],
                        keywords=[],
                    )
                    return _replaced(expression, node, call)
    return None


def _replaced(expression: ast.expr, old: ast.AST, new: ast.expr) -> ast.expr:
    found = _Replace(old, new).visit(expression)
    assert isinstance(found, ast.expr)
    return found


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else super().visit(node)


def from_text(query: CapturedQuery) -> str:
    """One ``IN`` for a statement that was written as text, or whose source was not found."""
    sql = " ".join(query.statement.split())
    column = ""
    for value in values_of(query):
        if value.part == "key":
            column = "key"
            break
    if column:
        import re

        found = list(
            re.finditer(
                r"([\w.\"`]+)\s*=\s*(\$\d+(?:::\w+)?|%\(\w+\)s(?:::\w+)?|%s|\?|:\w+|'(?:[^']|'')*'|\d+)",
                sql,
            )
        )
        if found:
            match = found[-1]
            sql = f"{sql[: match.start()]}{match.group(1)} IN :ids{sql[match.end() :]}"
            sql = re.sub(r"\$\d+(?:::\w+)?|%\(\w+\)s(?:::\w+)?|%s|\?", ":value", sql)
    return (
        f"rows = connection.execute(text({sql!r})"
        ".bindparams(bindparam('ids', expanding=True)), {'ids': ids}).all()"
    )
