"""Reads through a dynamic or write-only relationship, and ``merge``, for all rows at once."""

import ast
import re

from querysafe.analysis.cures import chains, expressions, names, raw
from querysafe.analysis.cures.batch import Batch
from querysafe.analysis.cures.places import place_of
from querysafe.analysis.sources import assignments, function_of, source
from querysafe.analysis.values import tables_of
from querysafe.query import CapturedQuery, Loading

_OWNER_KEY = re.compile(
    r"(?:\?|%s|%\(\w+\)s|\$\d+|:\w+)(?:::\w+)?\s*=\s*((?:[\w\"`]+\.)*[\w\"`]+)"
    r"|((?:[\w\"`]+\.)*[\w\"`]+)\s*=\s*(?:\?|%s|%\(\w+\)s|\$\d+|:\w+)"
)
_WRITTEN = re.compile(r"\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+[\"`]?(\w+)")
_ENDS = ("all", "count", "first", "one", "one_or_none")
_RUNS = ("scalars", "execute", "query", "scalar", "get")


def understand(
    query: CapturedQuery, built: expressions.Built | None, nodes: tuple[ast.AST, ...]
) -> Batch | None:
    """Read ``author.awards.count()`` or ``author.letters.select()`` as a query of its table."""
    call = built.call if built is not None else call_of(nodes)
    if call is None:
        return None
    awaited = any(isinstance(node, ast.Await) and node.value is call for node in nodes)
    given: ast.expr = call
    if built is not None:
        given = expressions.whole(built) if built.sort == "select" else call
    if isinstance(given, ast.Call) and ast.unparse(given.func) == "list" and given.args:
        given = given.args[0]
    chain = chains.parse(_resolved(given, nodes))
    owner = _session(nodes)
    base = chain.base
    if isinstance(base, ast.Call) and isinstance(base.func, ast.Attribute):
        if base.func.attr != "select":
            return None
        base = base.func.value
        owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else owner
    condition = _OWNER_KEY.search(query.statement.partition("WHERE")[2])
    if not isinstance(base, ast.Attribute) or condition is None or not query.stack:
        return None
    if not isinstance(base.value, ast.Name | ast.Attribute):
        return None
    frame = query.stack[0]
    compared = condition[1] or condition[2]
    if raw.is_of_another_table(query.statement, compared):
        return None
    entity = names.spelled(f"{query.orm_cause.entity or class_of(query)}.", frame)[:-1]
    column = f"{entity}.{compared.rpartition('.')[2].strip(chr(34) + '`')}"
    key = ast.copy_location(ast.Attribute(value=base.value, attr="id", ctx=ast.Load()), base)
    place = place_of(frame, (key,), owner)
    read = chains.parse(
        ast.parse(f"select({entity}).where({column}.in_({place.keys}))", mode="eval").body
    )
    steps = tuple(each for each in chain.steps if each.name not in _ENDS)
    counted = chain.end == "count" or any(each.name == "count" for each in chain.steps)
    read = chains.Chain(read.base, (*read.steps, *steps), "count" if counted else "", read.selected)
    return Batch(
        chain=read,
        columns=(column,),
        place=place,
        owner=owner,
        awaited=awaited,
        sort="count" if counted else "many",
        entity=True,
        gives_none=False,
    )


def _resolved(node: ast.expr, nodes: tuple[ast.AST, ...]) -> ast.expr:
    """``wanted.one()`` with ``wanted = author.drafts.filter_by(...)`` put in."""
    base = node
    while isinstance(base, ast.Call) and isinstance(base.func, ast.Attribute):
        base = base.func.value
    scope = function_of(nodes)
    if isinstance(base, ast.Name) and scope is not None:
        for assignment in assignments(scope, base.id, node.lineno)[-1:]:
            if isinstance(assignment.value, ast.Call):
                return expressions.put(node, base.id, assignment.value)
    return node


def merging(query: CapturedQuery) -> str:
    """Load what a loop of ``merge`` looks for; "" when the query is no such look-up."""
    if not query.stack:
        return ""
    frame = query.stack[0]
    nodes = source(frame.file).chain(frame)
    call = call_of(nodes)
    if (
        call is None
        or not isinstance(call.func, ast.Attribute)
        or call.func.attr != "merge"
        or not call.args
    ):
        return ""
    entity = names.spelled(f"{query.orm_cause.entity or class_of(query)}.", frame)[:-1]
    key = (query.orm_cause.columns or ("id",))[0]
    value = _key_of(call.args[0], key, nodes)
    owner = ast.unparse(call.func.value)
    place = place_of(frame, (value,), owner)
    awaiting = any(isinstance(node, ast.Await) and node.value is call for node in nodes)
    run = f"{owner}.scalars(select({entity}).where({entity}.{key}.in_({place.keys})))"
    lines = [f"known = (await {run}).all()" if awaiting else f"known = {run}.all()"]
    return place.code(lines, "known", "merge finds each row in the session while known is kept")


def _key_of(merged: ast.expr, key: str, nodes: tuple[ast.AST, ...]) -> ast.expr:
    """What the key of a merged object is set to in the function around."""
    function = function_of(nodes) or nodes[0]
    made: list[ast.expr] = [merged]
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target = ast.unparse(node.targets[0])
        if target == f"{ast.unparse(merged)}.{key}":
            return node.value
        if target == ast.unparse(merged):
            made.append(node.value)
    for each in made:
        for keyword in each.keywords if isinstance(each, ast.Call) else ():
            if keyword.arg is None:
                return ast.copy_location(
                    ast.Subscript(keyword.value, ast.Constant(key), ast.Load()), merged
                )
        for keyword in each.keywords if isinstance(each, ast.Call) else ():
            if keyword.arg == key:
                return keyword.value
    return ast.copy_location(ast.Attribute(value=merged, attr=key, ctx=ast.Load()), merged)


def class_of(query: CapturedQuery) -> str:
    """A class name made of the table's, when nothing else tells it."""
    written = _WRITTEN.match(query.statement)
    table = written[1] if written else next(iter(sorted(tables_of(query.statement))), "row")
    singular = table[:-3] + "y" if table.endswith("ies") else table.removesuffix("s")
    return "".join(part.capitalize() for part in singular.split("_"))


def call_of(nodes: tuple[ast.AST, ...]) -> ast.Call | None:
    """The call that a frame executes, awaited or not."""
    for node in reversed(nodes):
        inner = node.value if isinstance(node, ast.Await) else node
        if isinstance(inner, ast.Call):
            return inner
        if isinstance(inner, ast.For | ast.AsyncFor) and isinstance(inner.iter, ast.Attribute):
            called = ast.Call(
                func=ast.Attribute(inner.iter, "all", ast.Load()), args=[], keywords=[]
            )
            return ast.copy_location(called, inner.iter)
        if isinstance(inner, ast.comprehension) and isinstance(inner.iter, ast.Attribute):
            called = ast.Call(
                func=ast.Attribute(inner.iter, "all", ast.Load()), args=[], keywords=[]
            )
            return ast.copy_location(called, inner.iter)
        if isinstance(inner, ast.stmt):
            return None
    return None


def _session(nodes: tuple[ast.AST, ...]) -> str:
    """What the function around runs its queries with."""
    function = function_of(nodes)
    for node in ast.walk(function) if function is not None else ():
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _RUNS
            and "session" in ast.unparse(node.func.value).lower()
        ):
            return ast.unparse(node.func.value)
    return "session"


def is_sent_by_session(query: CapturedQuery) -> bool:
    """Whether a session sent it, which refuses many sets of parameters beside a WHERE."""
    called = query.stack[0].library.lower() if query.stack else ""
    return query.orm_cause.loading is not Loading.CORE or "session" in called
