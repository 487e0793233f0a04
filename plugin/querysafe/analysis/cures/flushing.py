"""Loops that flush or commit in each round, made to do it once."""

import ast
import copy

from querysafe.analysis.cures.places import plural
from querysafe.analysis.loops import Loop
from querysafe.analysis.sources import function_of, names_in
from querysafe.query import CapturedQuery, Kind

_ENDS = ("flush", "commit")


def once(query: CapturedQuery, nodes: tuple[ast.AST, ...], loop: Loop | None) -> str:
    """The user's own loop with one flush or commit after it; "" when it is not found."""
    return _flushed(query, nodes) or _flushed_by(loop)


def _flushed(query: CapturedQuery, nodes: tuple[ast.AST, ...]) -> str:
    """The loop as it stands, with one flush or commit after it instead of one in each round."""
    loop = next(
        (each for each in reversed(nodes) if isinstance(each, ast.For | ast.AsyncFor)), None
    )
    function = function_of(nodes)
    if loop is None or (function is not None and function.lineno > loop.lineno):
        return _flushing_function(query, nodes)
    ended: list[str] = []
    rest = copy.deepcopy(loop)
    if query.kind is Kind.INSERT:
        parted = _parted(rest)
        if parted:
            return parted
    rest.body = _without_ends(rest.body, ended)
    if not ended or not rest.body:
        return ""
    added = _only_adds(rest)
    if added is not None and query.kind is Kind.INSERT:
        owner, made = added
        clause = f"for {ast.unparse(loop.target)} in {ast.unparse(loop.iter)}"
        if isinstance(loop, ast.AsyncFor):
            clause = f"async {clause}"
        return f"{owner}.add_all([{ast.unparse(made)} {clause}])\n{ended[-1]}"
    return f"{ast.unparse(rest)}\n{ended[-1]}"


def _parted(loop: ast.For | ast.AsyncFor) -> str:
    """Two loops with the flush between them, where a round goes on with what a flush gave.

    ``reader = Reader(); session.add(reader); session.flush(); ids.append(reader.id)``; "" for
    any other loop.
    """
    at = next((i for i, each in enumerate(loop.body) if _without_ends([each], [])[:1] == []), None)
    if at is None:
        return ""
    first: list[str] = []
    second: list[str] = []
    before = _without_ends(copy.deepcopy(loop.body[: at + 1]), first)
    after = _without_ends(copy.deepcopy(loop.body[at + 1 :]), second)
    added = next(filter(None, map(_added, before)), "")
    used = {name for each in after for name in names_in(each)}
    if not first or added not in used:
        return ""
    bound = {
        node.id
        for part in (loop.target, *before)
        for node in ast.walk(part)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    kept = ", ".join([added, *sorted((bound & used) - {added})])
    many = plural(added)
    if many in names_in(loop):
        many = f"added_{many}"
    collect = f"{many}.append({kept if ',' not in kept else f'({kept})'})"
    making = copy.copy(loop)
    making.body = [*before, *ast.parse(collect).body]
    again = ast.parse(f"for {kept} in {many}: pass").body[0]
    assert isinstance(again, ast.For)
    again.body = copy.deepcopy(loop.body[at + 1 :])
    rest = _parted(again)
    if not rest:
        again.body = after or [ast.Pass()]
        rest = "\n".join([ast.unparse(again), *second[-1:]])
    flush = first[-1].replace(".commit(", ".flush(")
    # A commit would expire what is read next.
    last = first[-1:] if flush != first[-1] and not second else []
    return "\n".join([f"{many} = []", ast.unparse(making), flush, rest, *last])


def _added(statement: ast.stmt) -> str:
    """The name of the object that a statement adds to a session."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "add"
        and call.args
        and isinstance(call.args[0], ast.Name)
    ):
        return call.args[0].id
    return ""


def _without_ends(body: list[ast.stmt], ended: list[str]) -> list[ast.stmt]:
    """Statements without those that flush, commit or refresh, which are noted."""
    kept: list[ast.stmt] = []
    for each in body:
        call = each.value if isinstance(each, ast.Expr) else None
        call = call.value if isinstance(call, ast.Await) else call
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            if call.func.attr in _ENDS:
                ended.append(ast.unparse(each))
                continue
            if call.func.attr == "refresh":
                continue
        if isinstance(each, ast.If | ast.With | ast.AsyncWith):
            each.body = _without_ends(each.body, ended) or [ast.Pass()]
        kept.append(each)
    return kept


def _only_adds(loop: ast.For | ast.AsyncFor) -> tuple[str, ast.expr] | None:
    """Session and object of a loop that does nothing but add what it makes."""
    *before, last = loop.body
    call = last.value if isinstance(last, ast.Expr) else None
    if not (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "add"
        and call.args
    ):
        return None
    made = call.args[0]
    if len(before) == 1 and isinstance(made, ast.Name) and isinstance(before[0], ast.Assign):
        if ast.unparse(before[0].targets[0]) != made.id:
            return None
        made = before[0].value
    elif before:
        return None
    return ast.unparse(call.func.value), made


def _flushing_function(query: CapturedQuery, nodes: tuple[ast.AST, ...]) -> str:
    """A function that adds and commits one object, made to take all of them."""
    function = function_of(nodes)
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return ""
    ended: list[str] = []
    body = _without_ends([copy.deepcopy(each) for each in function.body], ended)
    added = [
        node
        for each in body
        for node in ast.walk(each)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "add"
        and node.args
        and "session" in ast.unparse(node.func.value).lower()
    ]
    if not ended or len(added) != 1 or query.kind is not Kind.INSERT:
        return ""
    made = given = added[0].args[0]
    body = [each for each in body if not _says_nothing(each)]
    plain = [each for each in body if added[0] not in ast.walk(each)]
    if isinstance(given, ast.Name):
        named = [each for each in plain if _names(each, given.id)]
        if named and isinstance(named[-1], ast.Assign | ast.AnnAssign) and named[-1].value:
            made = named[-1].value
        plain = [
            each
            for each in plain
            if each not in named[-1:]
            and not (isinstance(each, ast.Return) and given.id in names_in(each))
        ]
    parameters = [each.arg for each in function.args.args]
    owner = ast.unparse(added[0].func.value)  # type: ignore[attr-defined]
    used = set().union(*map(names_in, (made, *plain)))
    fixed = names_in(added[0].func) - names_in(given)
    varying = [each for each in parameters if each in used - fixed]
    if not varying:
        return ""
    rest = [each for each in parameters if each not in varying]
    if len(varying) == 1:
        target, many = varying[0], "objects" if varying[0] == "self" else plural(varying[0])
    else:
        target, many = ", ".join(varying), "rows"
    kind = "async def" if isinstance(function, ast.AsyncFunctionDef) else "def"
    if not plain:
        objects = f"[{ast.unparse(made)} for {target} in {many}]" if made is not given else many
        lines = [f"{owner}.add_all({objects})", ended[-1]]
    else:
        lines = _for_each(body, target, many, ended[-1])
    head = f"{kind} {function.name}_all({', '.join([*rest, many])}):"
    return "\n".join([head, *(f"    {line}" for line in lines)]) if lines else ""


def _says_nothing(node: ast.stmt) -> bool:
    """Docstrings and imports."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Import | ast.ImportFrom)


def _names(node: ast.stmt, name: str) -> bool:
    """Whether a statement gives a name its value."""
    if isinstance(node, ast.Assign):
        return any(isinstance(each, ast.Name) and each.id == name for each in node.targets)
    return (
        isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and (node.target.id == name)
    )


def _for_each(body: list[ast.stmt], target: str, many: str, end: str) -> list[str]:
    """A function's body for each of many; nothing when it may return before its end."""
    *before, last = body
    if any(isinstance(node, ast.Return) for each in before for node in ast.walk(each)):
        return []
    answer = last.value if isinstance(last, ast.Return) else None
    rounds = [*before] if isinstance(last, ast.Return) else body
    lines = [line for each in rounds for line in ast.unparse(each).splitlines()]
    if answer is None:
        return [f"for {target} in {many}:", *(f"    {line}" for line in lines), end]
    return [
        "answers = []",
        f"for {target} in {many}:",
        *(f"    {line}" for line in lines),
        f"    answers.append({ast.unparse(answer)})",
        end,
        "return answers",
    ]


def _flushed_by(loop: Loop | None) -> str:
    """The loop of a caller whose rounds each end in a transaction or helper of their own."""
    if loop is None or not isinstance(loop.node, ast.For | ast.AsyncFor):
        return ""
    opened: list[str] = []
    rest = copy.deepcopy(loop.node)
    body: list[ast.stmt] = []
    for each in rest.body:
        if isinstance(each, ast.With | ast.AsyncWith) and any(
            "begin" in ast.unparse(item) or "session" in ast.unparse(item).lower()
            for item in each.items
        ):
            bare = copy.copy(each)
            bare.body = [ast.Pass()]
            opened.append(ast.unparse(bare).removesuffix("\n    pass"))
            body += each.body
        else:
            body.append(each)
    if not opened:
        return ""
    rest.body = _without_ends(body, [])
    code = ast.unparse(rest)
    for line in reversed(opened):
        code = "\n".join([line, *(f"    {inner}" for inner in code.splitlines())])
    return code
