"""Cures of column loads, one for each reason."""

import ast

from querysafe.analysis.cures import eager, names, places, raw
from querysafe.analysis.cures.relations import call_of
from querysafe.analysis.loops import loops_around
from querysafe.analysis.sources import function_of, source
from querysafe.analysis.subject import Subject
from querysafe.query import CapturedQuery


def cure(subject: Subject, queries: list[CapturedQuery], root: CapturedQuery | None) -> str:
    """Code for the column loads of one finding."""
    cause = queries[0].orm_cause
    if cause.reason == "deferred":
        return _undefer(subject, queries, root)
    if cause.reason == "polymorphic":
        return _polymorphic(subject, queries, root)
    if cause.reason == "refresh":
        return read_again(queries[0])
    if _is_expired_by_hand(queries):
        return read_again(queries[0]).replace(" in objects]", f" in {_loop_of_reads(queries[0])}]")
    return _keep(queries)


def _above(subject: Subject, query: CapturedQuery) -> str:
    """The loader path to the rows themselves, when they came through a relationship."""
    parent = subject.by_index.get(query.parent_index) if query.parent_index is not None else None
    if parent is None or not parent.orm_cause.path:
        return ""
    return eager.of_cause(parent.orm_cause)


def _undefer(subject: Subject, queries: list[CapturedQuery], root: CapturedQuery | None) -> str:
    cause = queries[0].orm_cause
    above = _above(subject, queries[0])
    entity = cause.owner.partition("(")[0] or cause.entity
    undeferred = [f"undefer({entity}.{name})" for name in cause.columns]
    if above:
        return eager.on(root, ".".join([above, *undeferred]), entity)
    return eager.on(root, undeferred[-1], entity, before=undeferred[:-1])


def _polymorphic(subject: Subject, queries: list[CapturedQuery], root: CapturedQuery | None) -> str:
    base = queries[0].orm_cause.owner.partition("(")[0]
    classes = ", ".join(eager.subclasses(queries))
    above = _above(subject, queries[0])
    option = (
        f"{above}.selectin_polymorphic([{classes}])"
        if above
        else f"selectin_polymorphic({base}, [{classes}])"
    )
    return eager.on(root, option, base)


def read_again(query: CapturedQuery) -> str:
    """One SELECT that refreshes all objects of a loop: ``populate_existing``."""
    return _reading(query, query.orm_cause.entity, raw.compared(query.statement) or ["id"], "")


def _reading(query: CapturedQuery, entity: str, keys: list[str], options: str) -> str:
    frame = query.stack[0] if query.stack else None
    entity = names.spelled(f"{entity}.", frame)[:-1]
    owner, awaited, which = "session", False, "objects"
    nodes = source(frame.file).chain(frame) if frame is not None else ()
    call = call_of(nodes)
    if call is not None and isinstance(call.func, ast.Attribute) and call.args:
        awaited = any(isinstance(each, ast.Await) for each in nodes)
        if "refresh" in call.func.attr:
            owner = ast.unparse(call.func.value)
            which = _collected(call.args[0], nodes)
    key = f"each.{keys[0]}" if len(keys) == 1 else f"({', '.join(f'each.{k}' for k in keys)})"
    attributes = [f"{entity}.{each}" for each in keys]
    column = attributes[0] if len(keys) == 1 else f"tuple_({', '.join(attributes)})"
    added = f".options({names.spelled(options, frame)})" if options else ""
    run = (
        f"{owner}.scalars(select({entity}).where({column}.in_([{key} for each in {which}]))"
        f"{added}.execution_options(populate_existing=True))"
    )
    return f"(await {run}).all()" if awaited else f"{run}.all()"


def refreshed(query: CapturedQuery, option: str) -> str:
    """The cure of ``session.refresh(order, ["lines"])`` in a loop, "" for any other load."""
    frame = query.stack[0] if query.stack else None
    call = call_of(source(frame.file).chain(frame)) if frame is not None else None
    if (
        call is None
        or not isinstance(call.func, ast.Attribute)
        or call.func.attr != "refresh"
        or len(query.orm_cause.path) != 1
    ):
        return ""
    entity = query.orm_cause.path[0].partition(".")[0]
    owner = query.orm_cause.owner.partition("(")[0] or entity
    return _reading(query, owner, ["id"], option)


def _collected(refreshed: ast.expr, nodes: tuple[ast.AST, ...]) -> str:
    """The collection whose objects a loop refreshes, or that it appends them to."""
    name = ast.unparse(refreshed)
    for node in reversed(nodes):
        if isinstance(node, ast.For | ast.AsyncFor):
            if ast.unparse(node.target) == name:
                return ast.unparse(node.iter)
            for each in ast.walk(node):
                if (
                    isinstance(each, ast.Call)
                    and isinstance(each.func, ast.Attribute)
                    and each.func.attr in ("append", "add")
                    and len(each.args) == 1
                    and ast.unparse(each.args[0]) == name
                    and isinstance(each.func.value, ast.Name)
                    and "session" not in each.func.value.id
                ):
                    return each.func.value.id
    return places.plural(name) if name.isidentifier() else "objects"


_MAKERS = ("sessionmaker", "async_sessionmaker", "Session", "AsyncSession")


def _keep(queries: list[CapturedQuery]) -> str:
    """The session as its own module makes it, told to keep what it has loaded."""
    files = [frame.file for query in queries[:1] for frame in query.stack]
    for file in dict.fromkeys(files):
        tree = source(file).tree
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name | ast.Attribute)
                and ast.unparse(node.func).rpartition(".")[2] in _MAKERS
            ):
                kept = [each for each in node.keywords if each.arg != "expire_on_commit"]
                added = ast.keyword(arg="expire_on_commit", value=ast.Constant(value=False))
                return ast.unparse(ast.Call(node.func, node.args, [*kept, added]))
    engine = queries[0].context.engine
    is_async = "aio" in engine or "asyncpg" in engine
    return f"{'async_' if is_async else ''}sessionmaker(engine, expire_on_commit=False)"


def _is_expired_by_hand(queries: list[CapturedQuery]) -> bool:
    """Whether ``expire_all`` or a rollback, not a commit, made the objects stale."""
    called: set[str] = set()
    for frame in queries[0].stack:
        function = function_of(source(frame.file).chain(frame))
        for node in ast.walk(function) if function is not None else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called.add(node.func.attr)
    return bool(called & {"expire_all", "expire", "rollback"}) and "commit" not in called


def _loop_of_reads(query: CapturedQuery) -> str:
    """The collection that a loop reads stale objects of."""
    for frame in query.stack:
        for loop in loops_around(frame):
            if isinstance(loop, ast.For | ast.AsyncFor):
                return ast.unparse(loop.iter)
            if not isinstance(loop, ast.While):
                return ast.unparse(loop.generators[0].iter)
    return "objects"
