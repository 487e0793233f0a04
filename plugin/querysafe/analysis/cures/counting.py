"""A query whose rows were only counted, rewritten so that the database counts them."""

import ast
import copy

from querysafe.analysis.cures import expressions
from querysafe.analysis.sources import assignments, function_of, source
from querysafe.query import Frame

_AIMLESS = ("all", "options", "order_by")
"""Calls that change no number of rows."""
_WHOLE = {"count": "SELECT count(*) FROM ({}) AS counted", "exists": "SELECT EXISTS ({})"}
_JOINS = ("join", "outerjoin", "join_from", "outerjoin_from")


def cure(frame: Frame, entity: str, use: str) -> str:
    """Code that answers ``count`` or ``exists``; "" when the source does not tell the query."""
    built = expressions.find(frame)
    if built is None:
        return _select("session", f"select({entity})", use, "") if entity else ""
    nodes = source(frame.file).chain(frame)
    awaiting = "await " if _is_awaited(nodes, built.call) else ""
    if built.sort == "query":
        return _legacy(_without(_written(built), *_AIMLESS), use)
    owner = _owner(built.call)
    if built.sort == "select":
        query = _without(_written(built), *_AIMLESS)
        if _is_unique(nodes) and _joins(built.expression):
            query = _then(query, "distinct")
        return _select(owner, ast.unparse(query), use, awaiting)
    told = _text(built.call, use, nodes, frame)
    if told:
        return _run(built.call, told, awaiting)
    if entity and not _is_text(built.expression):
        return _select(owner, ast.unparse(built.expression), use, awaiting)
    return ""


def _select(owner: str, query: str, use: str, awaiting: str) -> str:
    if use == "exists":
        return f"{awaiting}{owner}.scalar(select({query}.exists()))"
    return f"{awaiting}{owner}.scalar(select(func.count()).select_from({query}.subquery()))"


def _legacy(query: ast.expr, use: str) -> str:
    """A ``Query`` of one entity gives each object once, which a join does not count."""
    code = ast.unparse(query)
    if use == "exists":
        return f"{_session_of(query) or f'{code}.session'}.query({code}.exists()).scalar()"
    return f"{code}{'.distinct()' if _joins(query) else ''}.count()"


def _session_of(query: ast.expr) -> str:
    """``session`` of ``session.query(Order).filter(...)``, "" when it is not called there."""
    while isinstance(query, ast.Call) and isinstance(query.func, ast.Attribute):
        if query.func.attr == "query":
            return ast.unparse(query.func.value)
        query = query.func.value
    return ""


def _written(built: expressions.Built) -> ast.expr:
    """The query as it stands where it is run: a name that conditions were added to stays one."""
    for node in (*built.call.args[:1], built.call):
        base: ast.expr = node
        while isinstance(base, ast.Call) and isinstance(base.func, ast.Attribute):
            base = base.func.value
        if node is built.expression or (
            built.assigned and isinstance(base, ast.Name) and base.id == built.assigned
        ):
            return node
    return built.expression


def _without(query: ast.expr, *names: str) -> ast.expr:
    """The query without calls of the names, wherever they stand in its chain."""
    if not (isinstance(query, ast.Call) and isinstance(query.func, ast.Attribute)):
        return query
    before = _without(query.func.value, *names)
    if query.func.attr in names:
        return before
    changed = copy.copy(query)
    changed.func = ast.Attribute(value=before, attr=query.func.attr, ctx=ast.Load())
    return changed


def _then(query: ast.expr, method: str) -> ast.expr:
    called = ast.Attribute(value=query, attr=method, ctx=ast.Load())
    return ast.Call(func=called, args=[], keywords=[])


def _joins(query: ast.expr) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _JOINS
        for node in ast.walk(query)
    )


def _is_unique(nodes: tuple[ast.AST, ...]) -> bool:
    """Whether the rows of the query go through ``.unique()``."""
    return any(isinstance(node, ast.Attribute) and node.attr == "unique" for node in nodes)


def _is_awaited(nodes: tuple[ast.AST, ...], call: ast.Call) -> bool:
    return any(isinstance(node, ast.Await) and node.value is call for node in nodes)


def _owner(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute) and not isinstance(call.func.value, ast.Constant):
        return ast.unparse(call.func.value)
    return "session"


def _text(call: ast.Call, use: str, nodes: tuple[ast.AST, ...], frame: Frame) -> ast.expr | None:
    """The argument of a call that sends text, with its SQL counted."""
    given = call.args[0] if call.args else None
    if isinstance(given, ast.Name):
        tree = source(frame.file).tree
        scopes = ((function_of(nodes), call.lineno), (tree, 10**9))
        for scope, before in scopes:
            for assignment in assignments(scope, given.id, before)[-1:] if scope else ():
                return _counted(assignment.value, use)
    return _counted(given, use)


def _counted(node: ast.expr | None, use: str) -> ast.expr | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        sql = " ".join(node.value.split()).rstrip("; ")
        if not sql.upper().startswith(("SELECT", "WITH")) or "--" in node.value:
            return None
        return ast.Constant(_WHOLE[use].format(sql))
    if isinstance(node, ast.Call) and _is_text(node) and node.args:
        inner = _counted(node.args[0], use)
        if inner is not None:
            return ast.Call(func=node.func, args=[inner], keywords=[])
    return None


def _is_text(node: ast.expr) -> bool:
    """``text("SELECT ...")`` itself, without ``.columns()`` or ``.bindparams()``."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    return (node.func.id if isinstance(node.func, ast.Name) else name) == "text"


def _run(call: ast.Call, statement: ast.expr, awaiting: str) -> str:
    """The call with another statement, and its one value taken."""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    rest = [*call.args[1:], *call.keywords]
    given = ", ".join(ast.unparse(each) for each in (statement, *rest))
    if method == "exec_driver_sql":
        run = f"{awaiting}{_owner(call)}.exec_driver_sql({given})"
        return f"({run}).scalar()" if awaiting else f"{run}.scalar()"
    return f"{awaiting}{_owner(call)}.scalar({given})"
