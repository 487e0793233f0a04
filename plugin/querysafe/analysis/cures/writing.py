"""Writes of many rows in one statement, made of the loop's own code."""

import ast
import copy
from collections.abc import Sequence

from querysafe.analysis.cures import chains, flushing, raw, relations
from querysafe.analysis.cures.expressions import put
from querysafe.analysis.cures.places import generators, place_of
from querysafe.analysis.loops import Loop, loops_around
from querysafe.analysis.sources import Function, assignments, function_of, names_in, source
from querysafe.analysis.values import varying_keys
from querysafe.query import CapturedQuery, Kind, Loading

_BULK = ("bulk_insert_mappings", "bulk_update_mappings", "bulk_save_objects")


def cure(queries: Sequence[CapturedQuery], loop: Loop | None) -> str:
    """Code that writes all rows of a loop at once."""
    query = queries[0]
    frame = query.stack[0] if query.stack else None
    if frame is None or frame.template:
        return _generic(query)
    nodes = source(frame.file).chain(frame)
    call = relations.call_of(nodes)
    bulk = call is not None and isinstance(call.func, ast.Attribute) and call.func.attr in _BULK
    if query.orm_cause.loading is Loading.FLUSH and not bulk:
        code = flushing.once(query, nodes, loop)
        return code or _generic(query)
    if call is None:
        return _generic(query)
    awaiting = "await " if _is_awaited(call, nodes) else ""
    return _collecting(query, nodes, call) or (
        _executed(queries, nodes, call, awaiting) or _generic(query)
    )


def _executed(
    queries: Sequence[CapturedQuery],
    nodes: tuple[ast.AST, ...],
    call: ast.Call,
    awaiting: str,
) -> str:
    """An executed INSERT, UPDATE or DELETE for all rows of its loop."""
    query = queries[0]
    function = function_of(nodes)
    scope: ast.AST = function if isinstance(function, Function) else nodes[0]
    if not isinstance(call.func, ast.Attribute):
        return ""
    owner, method = ast.unparse(call.func.value), call.func.attr
    chain = chains.parse(_whole(call, scope, call.lineno))
    if chain.is_query:
        by_key = _by_primary_key(chain, nodes)
        if by_key:
            return by_key
        batched = _batched(queries, nodes, chain)
        return "" if batched is None else _placed(*batched)
    if not call.args:
        return ""
    statement = _whole(call.args[0], scope, call.lineno)
    if method in _BULK or len(call.args) > 1:
        return _many_parameters(query, nodes, call, statement, awaiting)
    if raw.text_of(statement, scope, call.lineno, nodes[0]) is not None:
        return _text_literals(query, nodes, call, awaiting)
    chain = chains.parse(statement)
    if query.kind is Kind.INSERT:
        made = _inserted(query, nodes, chain, owner)
        if made is None:
            return ""
        begun = _built_before(query, nodes, call, awaiting)
        if begun:
            return begun
        before, signature, code = made
        returning = chain.of("returning") is not None
        sends = "scalars" if returning and raw.asks_value(query.stack[0]) else "execute"
        run = f"{awaiting}{owner}.{sends}({code})"
        if returning:
            run = f"made = {f'({run})' if awaiting else run}.all()"
        return _placed(before, signature, run)
    values = chain.of("values")
    bound = _bound_values(nodes)
    if values is not None and any(
        names_in(each.value) & bound for each in values.keywords if each.arg
    ):
        return _different(queries, nodes, chain, owner, awaiting)
    batched = _batched(queries, nodes, chain)
    if batched is None:
        return ""
    before, signature, code = batched
    return _placed(before, signature, f"{awaiting}{owner}.{method}({code})")


def _by_primary_key(chain: chains.Chain, nodes: tuple[ast.AST, ...]) -> str:
    """``query.update({...})`` with values of the row: one UPDATE by primary key, many rows."""
    update, conditions = chain.of("update"), chain.conditions()
    given = update.args[0] if update is not None and update.args else None
    if not isinstance(given, ast.Dict) or len(conditions) != 1:
        return ""
    if not any(names_in(value) & _bound_values(nodes) for value in given.values):
        return ""
    _, column, key = conditions[0]
    parts = [f"{ast.unparse(column).rpartition('.')[2]!r}: {ast.unparse(key)}"]
    for name, value in zip(given.keys, given.values, strict=True):
        text = name.value if isinstance(name, ast.Constant) else ast.unparse(name or column)
        parts.append(f"{str(text).rpartition('.')[2]!r}: {ast.unparse(value)}")
    called = chain.base.func if isinstance(chain.base, ast.Call) else chain.base
    owner = ast.unparse(called.value) if isinstance(called, ast.Attribute) else "session"
    loop = next((each for each in reversed(nodes) if isinstance(each, ast.For)), None)
    if loop is None:
        return ""
    return (
        f"{owner}.execute(update({ast.unparse(chain.selected[0])}), [{{{', '.join(parts)}}} "
        f"for {ast.unparse(loop.target)} in {ast.unparse(loop.iter)}])"
    )


def _collecting(query: CapturedQuery, nodes: tuple[ast.AST, ...], call: ast.Call) -> str:
    """A loop that writes only some of its rows, made to collect them; "" for any other."""
    at = next((i for i in reversed(range(len(nodes))) if isinstance(nodes[i], ast.stmt)), None)
    loops = [i for i, each in enumerate(nodes) if isinstance(each, ast.For | ast.AsyncFor)]
    if at is None or not loops or query.kind is not Kind.INSERT:
        return ""
    statement = nodes[at]
    if not isinstance(statement, ast.Expr) or not any(
        isinstance(each, ast.If) for each in nodes[loops[-1] : at]
    ):
        return ""
    loop = nodes[loops[-1]]
    assert isinstance(loop, ast.For | ast.AsyncFor)
    chain = chains.parse(call.args[0]) if call.args else None
    values = chain.of("values") if chain is not None else None
    if len(call.args) > 1:
        row, run = call.args[1], copy.copy(call)
        run.args = [call.args[0], ast.Name("rows", ast.Load())]
        code = ast.unparse(run)
    elif chain is not None and values is not None and values.keywords:
        row = ast.Dict(
            keys=[ast.Constant(each.arg) for each in values.keywords],
            values=[each.value for each in values.keywords],
        )
        code = f"{ast.unparse(call.func)}({chain.without('values').then('.values(rows)').code()})"
    else:
        return ""
    awaiting = "await " if _is_awaited(call, nodes) else ""
    line = statement.lineno
    append = ast.parse(f"rows.append({ast.unparse(row)})").body[0]

    class _Append(ast.NodeTransformer):
        def visit_Expr(self, node: ast.Expr) -> ast.AST:
            return append if node.lineno == line else node

    changed = _Append().visit(copy.deepcopy(loop))
    return f"rows = []\n{ast.unparse(changed)}\nif rows:\n    {awaiting}{code}"


def _batched(
    queries: Sequence[CapturedQuery],
    nodes: tuple[ast.AST, ...],
    chain: chains.Chain,
) -> tuple[tuple[str, ...], str, str] | None:
    """The statement with one condition for all rows, the lines before it, its function."""
    conditions = chain.conditions()
    varying = varying_keys(queries, len(conditions))
    bound = _bound_values(nodes)
    chosen = [each for at, each in enumerate(conditions) if at in varying]
    chosen = chosen or [each for each in conditions if names_in(each[2]) & bound] or conditions[:1]
    if not chosen:
        return None
    frame = queries[0].stack[0]
    columns = [ast.unparse(column) for _, column, _ in chosen]
    column = columns[0] if len(columns) == 1 else f"tuple_({', '.join(columns)})"
    place = place_of(frame, tuple(value for _, _, value in chosen), ast.unparse(chain.base))
    code = chain.batched(
        {node: None for node, _, _ in chosen}, f"{column}.in_({place.keys})"
    ).code()
    return place.before, place.signature, code


def _different(
    queries: Sequence[CapturedQuery],
    nodes: tuple[ast.AST, ...],
    chain: chains.Chain,
    owner: str,
    awaiting: str,
) -> str:
    """An UPDATE whose values differ by row: one statement, many sets of parameters."""
    loops = list(loops_around(queries[0].stack[0]))
    bound = {
        name for each in loops for target, _, _ in generators(each) for name in names_in(target)
    }
    if not loops:
        return ""
    sets: dict[str, str] = {}
    known: dict[str, str] = {}

    def parameter(node: ast.expr) -> str:
        text = ast.unparse(node)
        if text not in known:
            name = "".join(c if c.isalnum() else "_" for c in text).strip("_").lower()
            name = name if name.isidentifier() and len(name) < 30 else "value"
            while f"for_{name}" in sets:
                name += "_"
            known[text] = f"for_{name}"
            sets[f"for_{name}"] = text
        return known[text]

    class _Bind(ast.NodeTransformer):
        def generic_visit(self, node: ast.AST) -> ast.AST:
            if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and (
                _root(node) in bound
            ):
                code = f"bindparam({parameter(node)!r})"
                return ast.parse(code, mode="eval").body
            return super().generic_visit(node)

    statement = _Bind().visit(ast.parse(chain.code(), mode="eval").body)
    clause = " ".join(
        f"for {ast.unparse(target)} in {ast.unparse(iterable)}"
        for each in reversed(loops)
        for target, iterable, _ in generators(each)
    )
    rows = "{" + ", ".join(f"{name!r}: {text}" for name, text in sets.items()) + "}"
    run = f"{owner}.execute"
    if relations.is_sent_by_session(queries[0]):
        connection = f"{awaiting}{owner}.connection()"
        run = f"({connection}).execute" if awaiting else f"{connection}.execute"
    return f"{awaiting}{run}({ast.unparse(statement)}, [{rows} {clause}])"


def _inserted(
    query: CapturedQuery, nodes: tuple[ast.AST, ...], chain: chains.Chain, owner: str
) -> tuple[tuple[str, ...], str, str] | None:
    """``insert(table).values([...])`` of ``insert(table).values(...)``, and what it needs."""
    values = chain.of("values")
    if values is None:
        return None
    if values.keywords:
        row: ast.expr = ast.Dict(
            keys=[ast.Constant(each.arg) if each.arg else None for each in values.keywords],
            values=[each.value for each in values.keywords],
        )
    elif values.args:
        row = values.args[0]
        if isinstance(row, ast.List) and len(row.elts) == 1:
            row = row.elts[0]
    else:
        return None
    listed, before, signature = _comprehension(query, nodes, row, owner)
    steps = tuple(
        chains.Step("values", (ast.parse(listed, mode="eval").body,)) if each is values else each
        for each in chain.steps
    )
    return before, signature, chains.Chain(chain.base, steps).code()


def _built_before(
    query: CapturedQuery, nodes: tuple[ast.AST, ...], call: ast.Call, awaiting: str
) -> str:
    """An INSERT that an assignment begins and the call goes on with: ``on_conflict_do_update``."""
    base: ast.expr = call.args[0]
    while isinstance(base, ast.Call) and isinstance(base.func, ast.Attribute):
        base = base.func.value
    scope = function_of(nodes) or nodes[0]
    if not isinstance(base, ast.Name) or base is call.args[0]:
        return ""
    written = _written(base, scope, call.lineno)
    made = _inserted(query, nodes, chains.parse(written), "")
    if made is None:
        return ""
    before, signature, code = made
    return _placed(before, signature, f"{base.id} = {code}\n{awaiting}{ast.unparse(call)}")


def _many_parameters(
    query: CapturedQuery,
    nodes: tuple[ast.AST, ...],
    call: ast.Call,
    statement: ast.expr,
    awaiting: str,
) -> str:
    """The same call with the parameters of all rows: ``execute(insert(t), [...])``."""
    given = call.args[1] if len(call.args) > 1 else call.args[0]
    if isinstance(given, ast.List | ast.Tuple) and len(given.elts) == 1:
        inner = given.elts[0]
        if isinstance(given, ast.List) or isinstance(inner, ast.Dict):
            given = inner
    owner = ast.unparse(call.func)
    listed, before, signature = _comprehension(query, nodes, given, owner)
    changed = copy.copy(call)
    changed.args = list(call.args)
    changed.args[1 if len(call.args) > 1 else 0] = ast.parse(listed, mode="eval").body
    if len(call.args) > 1 and not isinstance(call.args[0], ast.Name):
        changed.args[0] = call.args[0]
    elif len(call.args) > 1:
        changed.args[0] = statement
    return _placed(before, signature, f"{awaiting}{ast.unparse(changed)}")


def _text_literals(
    query: CapturedQuery, nodes: tuple[ast.AST, ...], call: ast.Call, awaiting: str
) -> str:
    """Text with values put in by an f-string: named parameters and a list of them."""
    told = raw.text_of(call.args[0], function_of(nodes) or nodes[0], call.lineno, nodes[0])
    if told is None or not told[1]:
        return ""
    sql, values = told
    pairs = []
    for number, value in values.items():
        name = ast.unparse(value).rpartition(".")[2]
        name = name if name.isidentifier() else f"value_{number}"
        sql = sql.replace(f"'{{{number}}}'", f":{name}").replace(f"{{{number}}}", f":{name}")
        pairs.append((name, value))
    row = ast.Dict(keys=[ast.Constant(n) for n, _ in pairs], values=[v for _, v in pairs])
    assert isinstance(call.func, ast.Attribute)
    owner = ast.unparse(call.func.value)
    listed, before, signature = _comprehension(query, nodes, row, owner)
    return _placed(before, signature, f"{awaiting}{owner}.execute(text({sql!r}), {listed})")


def _comprehension(
    query: CapturedQuery, nodes: tuple[ast.AST, ...], row: ast.expr, owner: str
) -> tuple[str, tuple[str, ...], str]:
    """The rows of all rounds, the lines before them, and the function when there is no loop."""
    place = place_of(query.stack[0], (row,), owner)
    return place.keys, place.before, place.signature


def _placed(before: tuple[str, ...], signature: str, run: str) -> str:
    if not signature:
        return "\n".join([*before, run])
    return "\n".join([f"{signature}:", *(f"    {line}" for line in (*before, *run.splitlines()))])


def _bound_values(nodes: tuple[ast.AST, ...]) -> set[str]:
    """Names that the loops around bind, or that their bodies compute of those."""
    bound: set[str] = set()
    for node in nodes:
        for target, _, _ in generators(node):
            bound |= names_in(target)
    for node in nodes:
        if isinstance(node, ast.For | ast.AsyncFor):
            for each in ast.walk(node):
                if isinstance(each, ast.Assign) and names_in(each.value) & bound:
                    bound |= {
                        n for t in each.targets for n in names_in(t) if isinstance(t, ast.Name)
                    }
    return bound


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _written(node: ast.expr, scope: ast.AST, before: int) -> ast.expr:
    """What a name stands for, when a statement was built first."""
    if isinstance(node, ast.Name):
        for assignment in assignments(scope, node.id, before)[-1:]:
            if assignment.value is not None:
                return assignment.value
    return node


def _whole(node: ast.expr, scope: ast.AST, before: int) -> ast.expr:
    """A statement with what it goes on from put in the place of its name."""
    for _ in range(3):
        base = node
        while isinstance(base, ast.Call) and isinstance(base.func, ast.Attribute):
            base = base.func.value
        written = _written(base, scope, before)
        if not isinstance(base, ast.Name) or not isinstance(written, ast.Call):
            break
        node = put(node, base.id, written)
    return node


def _is_awaited(call: ast.Call, nodes: tuple[ast.AST, ...]) -> bool:
    return any(isinstance(node, ast.Await) and node.value is call for node in nodes)


def _generic(query: CapturedQuery) -> str:
    """A function for the table, when the source does not tell how it is written."""
    name = relations.class_of(query)
    if query.kind is Kind.INSERT:
        return (
            f"def write_all(session, rows):\n    session.execute(insert({name}).values(list(rows)))"
        )
    if query.kind is Kind.DELETE:
        key = (raw.compared(query.statement) or ["id"])[-1]
        return (
            f"def delete_all(session, keys):\n"
            f"    session.execute(delete({name}).where({name}.{key}.in_(keys)))"
        )
    return f"def update_all(session, rows):\n    session.execute(update({name}), list(rows))"
