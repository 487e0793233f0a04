"""Whether a query's rows are used for nothing but their number: read from the source."""

import ast

from querysafe.analysis.sources import asserts, function_of, nodes_in, source
from querysafe.query import Frame

_PASSING = ("all", "scalars", "fetchall", "unique", "mappings", "tuples", "execute")


def counted(frame: Frame, *, in_test: bool) -> str | None:
    """``count`` or ``exists`` when only that is used of the rows, else ``None``."""
    known = _known.get((id(frame), in_test))
    if known is None:
        if len(_known) >= REMEMBERED:
            _known.clear()
        known = _known[id(frame), in_test] = (frame, _counted(frame, in_test=in_test))
    return known[1]


REMEMBERED = 5000
_known: dict[tuple[int, bool], tuple[Frame, str | None]] = {}
"""Answers by frame, which is held so that no other gets its ``id()``."""


def _counted(frame: Frame, *, in_test: bool) -> str | None:
    chain = source(frame.file).chain(frame)
    index = len(chain) - 1
    while index > 0 and not isinstance(chain[index], ast.Call | ast.Await):
        index -= 1
    if index <= 0:
        return None
    fetches_all = _is_all(chain[index])
    while index > 0 and _passes_on(chain[index - 1], chain[index]):
        index -= 1
        fetches_all = fetches_all or _is_all(chain[index])
    node, above = chain[index], chain[index - 1]
    if in_test and any(map(asserts, chain)):
        return None
    use = _use_of(node, above)
    if use is not None:
        return use if fetches_all or use == "count" else None
    if not isinstance(above, ast.Assign) or len(above.targets) != 1:
        return None
    target = above.targets[0]
    function = function_of(chain)
    if not isinstance(target, ast.Name) or function is None:
        return None
    return _use_of_name(target.id, function, fetched=fetches_all, in_test=in_test)


def _passes_on(above: ast.AST, node: ast.AST) -> bool:
    """Whether the rows go on as they are: ``.all()``, ``list(...)``, ``await``, parentheses."""
    if isinstance(above, ast.Await):
        return True
    if isinstance(above, ast.Attribute):
        return above.attr in _PASSING
    if isinstance(above, ast.Call):
        if above.func is node:
            return True
        called = above.func.id if isinstance(above.func, ast.Name) else ""
        return called in ("list", "tuple") and node in above.args
    return False


def _is_all(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        return node.func.attr in ("all", "fetchall")
    return isinstance(node.func, ast.Name) and node.func.id in ("list", "tuple")


def _use_of(node: ast.AST, above: ast.AST) -> str | None:
    if isinstance(above, ast.Call) and isinstance(above.func, ast.Name) and node in above.args:
        return {"len": "count", "bool": "exists"}.get(above.func.id)
    if isinstance(above, ast.If | ast.While | ast.IfExp) and above.test is node:
        return "exists"
    if isinstance(above, ast.UnaryOp) and isinstance(above.op, ast.Not):
        return "exists"
    if (
        isinstance(above, ast.comprehension)
        and above.iter is node
        and isinstance(above.target, ast.Name)
        and above.target.id == "_"
    ):
        return "count"
    return None


def _use_of_name(name: str, function: ast.AST, *, fetched: bool, in_test: bool) -> str | None:
    """What a name's rows are used for; a result that is not ``fetched`` must be so there."""
    uses: list[str | None] = []
    parents = {child: node for node in nodes_in(function) for child in ast.iter_child_nodes(node)}
    stores = 0
    for node in nodes_in(function):
        if not isinstance(node, ast.Name) or node.id != name:
            continue
        if isinstance(node.ctx, ast.Store):
            stores += 1
            continue
        rows: ast.AST = node
        is_fetched, above = fetched, parents.get(node)
        while above is not None and _passes_on(above, rows):
            rows, above = above, parents.get(above)
            is_fetched = is_fetched or _is_all(rows)
        uses.append(_use_of(rows, above) if above is not None and is_fetched else None)
        while above is not None and not isinstance(above, ast.stmt):
            above = parents.get(above)
        if in_test and asserts(above):
            return None
    if stores != 1 or not uses or None in uses:
        return None
    return "count" if "count" in uses else "exists"
