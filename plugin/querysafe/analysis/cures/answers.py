"""What code wants of a query's answer: its rows, one of them, a number, or whether there is any."""

import ast

from querysafe.analysis.cures import chains, expressions

_AGGREGATES = ("count", "sum", "min", "max", "avg")
_SINGLE = ("one", "first", "scalar_one", "scalar", "get", "get_or_404", "first_or_404")
MAYBE = ("one_or_none", "scalar_one_or_none", "fetchone")


def sort_of(
    built: expressions.Built, chain: chains.Chain, ends: list[str], nodes: tuple[ast.AST, ...]
) -> str:
    """``many`` rows, ``one``, a ``count`` or another aggregate, or only whether any ``exists``.

    ``ends`` are the methods called on the result, ``nodes`` what stands around the call.
    """
    text = ast.unparse(built.expression)
    if ".exists()" in text or "exists(" in text:
        return "exists"
    if chain.end == "count" or (
        chain.selected
        and all(
            any(
                isinstance(node, ast.Attribute)
                and node.attr in _AGGREGATES
                and ast.unparse(node.value).endswith("func")
                for node in ast.walk(each)
            )
            for each in chain.selected
        )
    ):
        return "count"
    single = bool({*_SINGLE, *MAYBE} & set(ends))
    limited = chain.of("limit") is not None and chain.of("order_by") is None
    if (single or limited) and _is_truth(built, nodes):
        return "exists"
    return "one" if single else "many"


def _is_truth(built: expressions.Built, nodes: tuple[ast.AST, ...]) -> bool:
    """Whether only the presence of an answer is looked at, there or by its name."""
    for node in reversed(nodes):
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return True
        if isinstance(node, ast.Compare):
            return any(
                isinstance(each, ast.Constant) and each.value is None for each in node.comparators
            )
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            return True
        if isinstance(node, ast.stmt):
            return isinstance(node, ast.Assign) and _is_compared(node, nodes)
    return False


def _is_compared(assigned: ast.Assign, nodes: tuple[ast.AST, ...]) -> bool:
    """Whether a name is only ever compared with ``None`` or tested."""
    target = assigned.targets[0]
    scope = next(
        (
            each
            for each in reversed(nodes)
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        ),
        nodes[0],
    )
    if not isinstance(target, ast.Name):
        return False
    parents = {child: node for node in ast.walk(scope) for child in ast.iter_child_nodes(node)}
    uses = [
        parents.get(node)
        for node in ast.walk(scope)
        if isinstance(node, ast.Name) and node.id == target.id and isinstance(node.ctx, ast.Load)
    ]
    return bool(uses) and all(
        isinstance(each, ast.If)
        or (isinstance(each, ast.UnaryOp) and isinstance(each.op, ast.Not))
        or (
            isinstance(each, ast.Compare)
            and isinstance(each.comparators[0], ast.Constant)
            and each.comparators[0].value is None
        )
        for each in uses
    )
