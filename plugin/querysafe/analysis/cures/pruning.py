"""Loader options taken away or replaced in the user's own query."""

import ast
import copy
import re

from querysafe.analysis.cures import expressions
from querysafe.analysis.cures.names import spelled
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


def multiplied(query: CapturedQuery, names: tuple[str, ...]) -> str:
    """The query with ``selectinload`` where ``joinedload`` multiplied the rows.

    ``names`` are relationships, or tables and classes that the query joins itself: it becomes
    a query for each of them then.
    """
    built = expressions.find(query.stack[0] if query.stack else None)
    if not any("." in name for name in names):
        return _one_for_each(built, names)
    if built is not None and built.sort in ("select", "query"):
        expression = copy.deepcopy(built.expression)
        changed = _Selectin(names)
        rewritten = changed.visit(expression)
        if changed.done:
            code = ast.unparse(rewritten)
            return f"{built.assigned} = {code}" if built.assigned else code
    frame = query.stack[0] if query.stack else None
    options = [spelled(f"selectinload({name})", frame) for name in names]
    entity = query.orm_cause.entity or names[0].partition(".")[0]
    if any(name.partition(".")[0] != entity for name in names):
        return "\n".join(f'# {name}: relationship(..., lazy="selectin")' for name in names)
    if built is not None and built.sort in ("select", "query"):
        return expressions.with_options(built, *options)
    return f"select({spelled(f'{entity}.', frame)[:-1]}).options({', '.join(options)})"


def _one_for_each(built: expressions.Built | None, names: tuple[str, ...]) -> str:
    """The query once for each branch, without the joins and columns of the others."""
    several = f"# read {' and '.join(names)} by a query each, or join what aggregates them"
    if built is None or built.sort not in ("select", "query"):
        return several
    targets = _targets(built.expression, names)
    lines = []
    narrowing = False
    for name in names:
        others = {target for other, target in targets.items() if other != name}
        branch = _Branch(others)
        rewritten = branch.visit(copy.deepcopy(built.expression))
        if len(targets) < len(names) or branch.dropped != others or _mentions(rewritten, others):
            return f"{several}\n{ast.unparse(built.expression)}"
        variable = re.sub(r"\W+", "_", f"{built.assigned or 'query'}_{name}".lower())
        lines.append(f"{variable} = {ast.unparse(rewritten)}")
        narrowing = narrowing or branch.narrowing
    if narrowing:
        lines.append(
            "# an inner join also left out what has none of the others: filter it if need be"
        )
    return "\n".join(lines)


def _targets(expression: ast.expr, names: tuple[str, ...]) -> dict[str, str]:
    """What the query calls each branch that it joins: a derived table has no name of its own."""
    joined = {
        _stem(ast.unparse(node.args[0]).rpartition(".")[2])
        for node in ast.walk(expression)
        if isinstance(node, ast.Call) and _is_join(node)
    }
    found = {name: _stem(name) for name in names if _stem(name) in joined}
    unnamed = [name for name in names if name not in found]
    left = joined - set(found.values())
    if len(unnamed) == len(left) == 1:
        found[unnamed[0]] = left.pop()
    return found


def _is_join(node: ast.Call) -> bool:
    return (
        isinstance(node.func, ast.Attribute)
        and node.func.attr in ("join", "outerjoin")
        and bool(node.args)
    )


def _stem(name: str) -> str:
    """What a class, its table and a relationship to it have in common: ``Line``, ``lines``."""
    name = name.lower()
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    return name.removesuffix("s")


def _mentions(node: ast.AST, stems: set[str]) -> bool:
    """Whether code names one of them, or what belongs to it: ``Line.payment`` is of a line."""
    owners = [each.value for each in ast.walk(node) if isinstance(each, ast.Attribute)]
    return any(
        (isinstance(each, ast.Name) and _stem(each.id) in stems)
        or (isinstance(each, ast.Attribute) and each in owners and _stem(each.attr) in stems)
        for each in ast.walk(node)
    )


class _Branch(ast.NodeTransformer):
    """Takes away what a query joins and selects of other branches."""

    def __init__(self, others: set[str]) -> None:
        self._others = others
        self.dropped: set[str] = set()
        self.narrowing = False

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if _is_join(node):
            target = _stem(ast.unparse(node.args[0]).rpartition(".")[2])
            if target in self._others and isinstance(node.func, ast.Attribute):
                self.dropped.add(target)
                outer = node.func.attr == "outerjoin" or any(
                    each.arg in ("isouter", "full") for each in node.keywords
                )
                self.narrowing = self.narrowing or not outer
                return node.func.value
        elif name in ("select", "query", "add_columns", "with_only_columns"):
            kept = [each for each in node.args if not _mentions(each, self._others)]
            if not kept and name == "add_columns" and isinstance(node.func, ast.Attribute):
                return node.func.value
            node.args = kept or node.args
        return node


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
