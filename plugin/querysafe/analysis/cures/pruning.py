"""Loader options taken away or replaced in the user's own query."""

import ast
import copy

from querysafe.analysis.cures import expressions
from querysafe.query import CapturedQuery


def without_option(query: CapturedQuery, label: str) -> str:
    """The query without the option that names a relationship."""
    built = expressions.find(query.stack[0] if query.stack else None)
    if built is None or built.sort not in ("select", "query"):
        return f"select({query.orm_cause.entity or label.partition('.')[0]})"
    expression = copy.deepcopy(built.expression)
    rewritten = _Without(label).visit(expression)
    code = ast.unparse(rewritten)
    return f"{built.assigned} = {code}" if built.assigned else code


def with_selectin(query: CapturedQuery, names: tuple[str, ...]) -> str:
    """The query with ``selectinload`` where ``joinedload`` multiplied the rows."""
    built = expressions.find(query.stack[0] if query.stack else None)
    if built is not None and built.sort in ("select", "query"):
        expression = copy.deepcopy(built.expression)
        changed = _Selectin(names)
        rewritten = changed.visit(expression)
        if changed.done:
            code = ast.unparse(rewritten)
            return f"{built.assigned} = {code}" if built.assigned else code
    options = ", ".join(f"selectinload({name})" for name in names)
    entity = query.orm_cause.entity or names[0].partition(".")[0]
    return f"select({entity}).options({options})"


class _Without(ast.NodeTransformer):
    def __init__(self, label: str) -> None:
        self._label = label

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "options":
            node.args = [kept for each in node.args if (kept := self._kept(each)) is not None]
            if not node.args:
                return node.func.value
        return node

    def _kept(self, option: ast.expr) -> ast.expr | None:
        """An option up to the relationship that goes."""
        node = option
        while isinstance(node, ast.Call):
            named = node.args and ast.unparse(node.args[0]).startswith(self._label)
            if named:
                below = node.func.value if isinstance(node.func, ast.Attribute) else None
                return below if isinstance(below, ast.Call) else None
            if not isinstance(node.func, ast.Attribute):
                break
            node = node.func.value
        return option


class _Selectin(ast.NodeTransformer):
    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self.done = False

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if node.args and ast.unparse(node.args[0]) in self._names:
            if isinstance(node.func, ast.Name) and node.func.id == "joinedload":
                node.func.id = "selectinload"
                self.done = True
            elif isinstance(node.func, ast.Attribute) and node.func.attr == "joinedload":
                node.func.attr = "selectinload"
                self.done = True
        return node
