"""The expression that built a query, found in the source from the line that ran it."""

import ast
import copy
from dataclasses import dataclass, replace
from functools import lru_cache

from querysafe.analysis.sources import assignments, function_of, source, statement_of
from querysafe.query import Frame


@dataclass(frozen=True, slots=True)
class Built:
    """Where a query is written: the call that ran it, and the expression that describes it."""

    call: ast.Call
    """``session.scalars(query)``."""
    expression: ast.expr
    """``select(Order).where(...)``, ``session.query(Order)`` or the call of a function."""
    assigned: str
    """The name that it is assigned to, "" when it stands within the call."""
    sort: str
    """``select``, ``query``, ``get`` or ``other``."""


def find(frame: Frame | None) -> Built | None:
    """Find the query that a frame was running; ``None`` when its source does not tell."""
    if frame is None or frame.template or frame.span is None:
        return None
    known = _known.get(id(frame))
    if known is None:
        if len(_known) >= REMEMBERED:
            _known.clear()
        known = _known[id(frame)] = (frame, _find(frame))
    return known[1]


REMEMBERED = 5000
_known: dict[int, tuple[Frame, Built | None]] = {}
"""Answers by frame, which is held so that no other gets its ``id()``."""


def _find(frame: Frame) -> Built | None:
    chain = source(frame.file).chain(frame)
    call = _call(chain)
    if call is None:
        return None
    function = function_of(chain)
    scope: ast.AST = function if function is not None else source(frame.file).tree
    statement = statement_of(chain)
    before = statement.lineno if statement is not None else call.lineno
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name in ("get", "get_one") and call.args and not _is_query(call):
        return Built(call, call, "", "get")
    for candidate in (*call.args[:1], call):
        found = _resolve(candidate, scope, before)
        if found is not None:
            return Built(call, *found)
    if call.args:
        return Built(call, call.args[0], "", "other")
    return None


def _call(chain: tuple[ast.AST, ...]) -> ast.Call | None:
    for node in reversed(chain):
        if isinstance(node, ast.Await):
            node = node.value
        if isinstance(node, ast.Call):
            return node
        if isinstance(node, ast.stmt):
            if isinstance(node, ast.For | ast.AsyncFor):
                return node.iter if isinstance(node.iter, ast.Call) else _iterated(node.iter)
            return None
        if isinstance(node, ast.comprehension) and not isinstance(node.iter, ast.Call):
            return _iterated(node.iter)
    return None


def _iterated(query: ast.expr) -> ast.Call:
    """``for user in User.query`` runs the query as ``list(User.query)`` does."""
    called = ast.Call(func=ast.Name(id="list", ctx=ast.Load()), args=[query], keywords=[])
    return ast.copy_location(called, query)


def _resolve(node: ast.expr, scope: ast.AST, before: int) -> tuple[ast.expr, str, str] | None:
    """Expression, assigned name and sort of the query that an expression stands for."""
    if isinstance(node, ast.Await):
        node = node.value
    sort = _sort(node)
    if sort:
        return node, "", sort
    base = node
    while isinstance(base, ast.Call) and isinstance(base.func, ast.Attribute):
        base = base.func.value
    if isinstance(base, ast.Name):
        for assignment in reversed(assignments(scope, base.id, before)):
            value = assignment.value
            if value is not None and base.id not in {
                each.id for each in ast.walk(value) if isinstance(each, ast.Name)
            }:
                sort = _sort(value)
                if sort:
                    return value, base.id, sort
    return None


def _sort(node: ast.expr) -> str:
    """``select`` for a chain that begins with ``select(...)``, ``query`` for ``….query(...)``."""
    if _is_query(node):
        return "query"
    while True:
        if isinstance(node, ast.Call):
            name = _name(node.func)
            if name == "select" and not (
                isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call)
            ):
                return "select"
            node = node.func
        elif isinstance(node, ast.Attribute):
            node = node.value
        else:
            return ""


def _is_query(node: ast.AST) -> bool:
    while True:
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr == "query":
                return True
            node = node.func
        elif isinstance(node, ast.Attribute):
            if node.attr == "query" and isinstance(node.value, ast.Name):
                return True
            node = node.value
        else:
            return False


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def whole(built: Built) -> ast.expr:
    """The expression with what it goes on from put in the place of its name."""
    for node in (*built.call.args[:1], built.call):
        base: ast.expr = node
        while isinstance(base, ast.Call) and isinstance(base.func, ast.Attribute):
            base = base.func.value
        if built.assigned and isinstance(base, ast.Name) and base.id == built.assigned:
            return put(node, built.assigned, built.expression)
    return built.expression


def put(node: ast.expr, name: str, by: ast.expr) -> ast.expr:
    """A copy of an expression with a name replaced by what it stands for."""

    class _Swap(ast.NodeTransformer):
        def visit_Name(self, found: ast.Name) -> ast.AST:
            return copy.deepcopy(by) if found.id == name else found

    swapped = _Swap().visit(copy.deepcopy(node))
    assert isinstance(swapped, ast.expr)
    return swapped


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that stands for an entity in a query: ``boss = aliased(Department)``."""

    name: str
    entity: str


def alias_of(built: Built, frame: Frame | None, entity: str) -> Alias | None:
    """The alias by which a query reads an entity or its base class; ``None`` when by none."""
    read = [
        each
        for call in ast.walk(built.expression)
        if isinstance(call, ast.Call) and _name(call.func) in ("select", "query")
        for each in call.args
    ]
    if frame is None or any(ast.unparse(each) == entity for each in read):
        return None
    chain = source(frame.file).chain(frame)
    scopes = [function_of(chain), source(frame.file).tree]
    found: list[Alias] = []
    for each in read:
        for scope in scopes:
            if scope is None or not isinstance(each, ast.Name):
                continue
            for assignment in assignments(scope, each.id, built.call.lineno)[-1:]:
                value = assignment.value
                if (
                    isinstance(value, ast.Call)
                    and value.args
                    and _name(value.func) in ("aliased", "with_polymorphic")
                ):
                    found.append(Alias(each.id, ast.unparse(value.args[0])))
    exact = [alias for alias in found if alias.entity == entity]
    return next(iter(exact or found), None)


@lru_cache(maxsize=1024)
def with_options(built: Built, *options: str) -> str:
    """The query with loader options added, as code."""
    for each in options[:-1]:
        once = ast.parse(with_options(built, each)).body[0]
        assert isinstance(once, ast.Assign | ast.Expr)
        built = replace(built, expression=once.value)
    option = ast.parse(options[-1], mode="eval").body
    expression = copy.deepcopy(built.expression)
    if built.sort == "get":
        assert isinstance(expression, ast.Call)
        for keyword in expression.keywords:
            if keyword.arg == "options" and isinstance(keyword.value, ast.List):
                keyword.value.elts = _joined(keyword.value.elts, option)
                break
        else:
            listed = ast.List(elts=[option], ctx=ast.Load())
            expression.keywords.append(ast.keyword(arg="options", value=listed))
        return ast.unparse(expression)
    if built.sort == "query":
        rewritten: ast.expr = _after_query(expression, option)
    else:
        rewritten = _with_option(expression, option)
    code = ast.unparse(rewritten)
    return f"{built.assigned} = {code}" if built.assigned else code


def _with_option(expression: ast.expr, option: ast.expr) -> ast.expr:
    for node in ast.walk(expression):
        if isinstance(node, ast.Call) and _name(node.func) == "options":
            node.args = _joined(node.args, option)
            return expression
    method = ast.Attribute(value=expression, attr="options", ctx=ast.Load())
    return ast.Call(func=method, args=[option], keywords=[])


def _joined(existing: list[ast.expr], option: ast.expr) -> list[ast.expr]:
    """Add an option; one whose path it goes on from is continued, whatever its strategy."""
    added = _steps(option)
    kept: list[ast.expr] = []
    for each in existing:
        known = _steps(each)
        attributes = [attribute for _, attribute in known]
        if known and attributes == [attribute for _, attribute in added[: len(known)]]:
            rest = "".join(f".{name}({attribute})" for name, attribute in added[len(known) :])
            if rest:
                option = ast.parse(ast.unparse(each) + rest, mode="eval").body
        else:
            kept.append(each)
    return [*kept, option]


def _steps(option: ast.expr) -> list[tuple[str, str]]:
    """Function and argument of each step: ``[("selectinload", "Order.lines"), …]``."""
    found: list[tuple[str, str]] = []
    node = option
    while isinstance(node, ast.Call):
        found.insert(
            0,
            (
                _name(node.func),
                ", ".join(
                    ast.unparse(each)
                    for each in (*node.args, *(keyword for keyword in node.keywords))
                ),
            ),
        )
        if not isinstance(node.func, ast.Attribute):
            break
        node = node.func.value
    return found


def _after_query(expression: ast.expr, option: ast.expr) -> ast.expr:
    """``session.query(Order).all()`` gets its option before what runs it."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Call) and _name(node.func) == "options":
            node.args = _joined(node.args, option)
            return expression

    class _Insert(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            if isinstance(node.func, ast.Attribute) and node.func.attr == "query":
                return _called(node)
            self.generic_visit(node)
            return node

        def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
            if node.attr == "query" and isinstance(node.value, ast.Name):
                return _called(node)
            self.generic_visit(node)
            return node

    def _called(node: ast.expr) -> ast.Call:
        method = ast.Attribute(value=node, attr="options", ctx=ast.Load())
        return ast.Call(func=method, args=[option], keywords=[])

    rewritten = _Insert().visit(expression)
    assert isinstance(rewritten, ast.expr)
    return rewritten
