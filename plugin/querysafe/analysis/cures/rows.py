"""Queries sent row by row, rewritten to ask for all rows at once."""

import ast
from collections.abc import Sequence
from dataclasses import replace

from querysafe.analysis.cures import chains, expressions, raw, relations
from querysafe.analysis.cures.answers import MAYBE, sort_of
from querysafe.analysis.cures.batch import Batch
from querysafe.analysis.cures.chains import Condition
from querysafe.analysis.cures.places import place_of, spent_targets
from querysafe.analysis.sources import assignments, function_of, names_in, source
from querysafe.analysis.values import variation, varying_keys
from querysafe.query import CapturedQuery, Frame, OrmCause


def cure(queries: Sequence[CapturedQuery]) -> str:
    """Code that asks once for the keys of all rows, and how the loop then finds its own.

    It follows from the first query and from which keys vary, so it is written once a run.
    """
    first = queries[0]
    key = (id(first.stack), id(first.orm_cause), first.statement, variation(queries))
    known = _known.get(key)
    if known is None:
        if len(_known) >= REMEMBERED:
            _known.clear()
        known = _known[key] = (first.stack, first.orm_cause, _written(queries))
    return known[2]


REMEMBERED = 1000
_known: dict[tuple[object, ...], tuple[tuple[Frame, ...], OrmCause, str]] = {}
"""Cures by what they follow from, which is held so that nothing else gets its ``id()``."""


def _written(queries: Sequence[CapturedQuery]) -> str:
    merged = relations.merging(queries[0])
    if merged:
        return merged
    batch = understand(queries)
    if batch is None:
        return raw.cure(queries)
    if not _is_matched(batch):
        return ""
    return batch.place.code(*told(batch))


def _is_matched(batch: Batch) -> bool:
    """Whether each compared column has its own key: ``tuple_(a, b).in_`` wants pairs."""
    key = ast.parse(batch.place.key, mode="eval").body
    if isinstance(key, ast.Tuple):
        return len(key.elts) == len(batch.columns)
    return len(batch.columns) == 1 or (batch.sort == "one" and not isinstance(key, ast.Attribute))


def understand(queries: Sequence[CapturedQuery]) -> Batch | None:
    """Read the query of a loop from its source; ``None`` when it is not written as one."""
    query = queries[0]
    frame = query.stack[0] if query.stack else None
    built = expressions.find(frame)
    if frame is None:
        return None
    nodes = source(frame.file).chain(frame)
    if built is None or built.sort == "other":
        return relations.understand(query, built, nodes)
    if built.sort == "get":
        return _lookup(query, built, nodes)
    chain = _without_exists(_resolved(chains.parse(expressions.whole(built)), frame, nodes))
    if chain.end == "get":
        return _lookup(query, built, nodes)
    conditions = chain.conditions()
    varying = varying_keys(queries, len(conditions))
    chosen = [each for at, each in enumerate(conditions) if at in varying] or conditions[:1]
    if not chosen:
        return relations.understand(query, built, nodes)
    spent = spent_targets(frame, [value for _, _, value in chosen])
    chosen = [each for each in conditions if each in chosen or spent & names_in(each[2])]
    columns, values = _without_objects(query, conditions, chosen)
    owner, awaited, ends = _run_by(built, nodes, chain)
    batched = chain.batched({node: None for node, _, _ in chosen}, f"{_tupled(columns)}.in_(keys)")
    place = place_of(frame, values, f"{owner}\n{batched.code()}")
    condition = f"{_tupled(columns)}.in_({place.keys})"
    return Batch(
        chain=chain.batched({node: None for node, _, _ in chosen}, condition),
        columns=columns,
        place=place,
        owner=owner,
        awaited=awaited,
        sort=sort_of(built, chain, ends, nodes),
        entity=_is_entity(query, chain),
        gives_none=bool({"first", "scalar", *MAYBE} & set(ends)),
    )


def _without_objects(
    query: CapturedQuery, conditions: list[Condition], chosen: list[Condition]
) -> tuple[tuple[str, ...], tuple[ast.expr, ...]]:
    """Columns and values; ``Order.customer == customer`` is told by its foreign key."""
    names = raw.compared(query.statement)
    columns, values = [], []
    for each in chosen:
        _, column, value = each
        at = conditions.index(each)
        if (
            isinstance(column, ast.Attribute)
            and isinstance(value, ast.Name)
            and len(names) == len(conditions)
            and column.attr not in names
            and names[at].startswith(column.attr)
        ):
            owner = ast.unparse(column.value)
            column = ast.parse(f"{owner}.{names[at]}", mode="eval").body
            value = ast.copy_location(ast.Attribute(value, "id", ast.Load()), value)
        columns.append(ast.unparse(column))
        values.append(value)
    return tuple(columns), tuple(values)


def told(batch: Batch) -> tuple[list[str], str, str]:
    """The lines of a batch, the name of their result, and its use in the loop."""
    chain, key = batch.chain, batch.place.key
    if batch.sort == "exists":
        chain = chain.without("limit", "order_by", "options", "exists")
        chain = chain.selecting(*batch.columns).then(".distinct()")
        return [f"known = {_set_of(batch, chain)}"], "known", f"{key} in known"
    if batch.sort == "count":
        chain = chain.without("order_by", "options")
        values = [ast.unparse(each) for each in chain.selected]
        if chain.end == "count":
            values = ["func.count()"]
        default = ", 0" if any("count(" in each for each in values) else ""
        chain = chain.selecting(*batch.columns, *values).then(
            f".group_by({', '.join(batch.columns)})"
        )
        pairs = _pairs(batch, chain, len(values))
        return [f"found = {pairs}"], "found", f"found.get({key}{default})"
    use = f"found.get({key})" if batch.gives_none else f"found[{key}]"
    if batch.sort == "one":
        chain = chain.without("limit")
        return [f"found = {_by_key(batch, chain)}"], "found", use
    lines = ["found = defaultdict(list)"]
    name = row_name(batch, chain)
    if batch.entity or has_all(batch, chain):
        lines.append(f"for {name} in {_rows(batch, chain)}:")
        lines.append(f"    found[{batch.of(name)}].append({name})")
    elif len(chain.selected) == 1 and len(batch.columns) == 1:
        chain = chain.selecting(*batch.columns, ast.unparse(chain.selected[0]))
        lines.append(f"for key, value in {_rows(batch, chain)}:")
        lines.append("    found[key].append(value)")
    else:
        chain = chain.selecting(*(ast.unparse(each) for each in chain.selected), *batch.columns)
        lines.append(f"for row in {_rows(batch, chain)}:")
        lines.append(f"    found[{batch.of('row')}].append(row)")
    return lines, "found", f"found[{key}]"


def _set_of(batch: Batch, chain: chains.Chain) -> str:
    if chain.is_query:
        return f"{{key for key, in {chain.code()}}}"
    if len(batch.columns) > 1:
        return f"{{tuple(row) for row in {batch.run('execute', chain.code())}}}"
    return f"set({batch.run('scalars', chain.code(), fetch=True)})"


def _pairs(batch: Batch, chain: chains.Chain, values: int) -> str:
    rows = f"{chain.code()}.all()" if chain.is_query else batch.run("execute", chain.code())
    if len(batch.columns) == 1 and values == 1:
        fetched = rows if chain.is_query else batch.run("execute", chain.code(), fetch=True)
        return f"dict({fetched})"
    return f"{{{batch.of('row')}: row for row in {rows}}}"


def _by_key(batch: Batch, chain: chains.Chain) -> str:
    name = row_name(batch, chain)
    if batch.entity or has_all(batch, chain):
        return f"{{{batch.of(name)}: {name} for {name} in {_rows(batch, chain)}}}"
    values = [ast.unparse(each) for each in chain.selected]
    if len(values) == 1:
        return _pairs(batch, chain.selecting(*batch.columns, *values), 1)
    chain = chain.selecting(*values, *(each for each in batch.columns if each not in values))
    return f"{{{batch.of('row')}: row for row in {_rows(batch, chain)}}}"


def _rows(batch: Batch, chain: chains.Chain) -> str:
    if chain.is_query:
        return chain.code()
    return batch.run("scalars" if batch.entity else "execute", chain.code())


def row_name(batch: Batch, chain: chains.Chain) -> str:
    """What a row of the batched query is called."""
    if not batch.entity or not chain.selected:
        return "row"
    name = ast.unparse(chain.selected[0]).rpartition(".")[2]
    return name.lower() if name.isidentifier() else "row"


def has_all(batch: Batch, chain: chains.Chain) -> bool:
    """Whether a table is read whole, so that its rows hold the keys too."""
    return (
        not batch.entity
        and len(chain.selected) == 1
        and isinstance(chain.selected[0], ast.Name | ast.Attribute)
        and ast.unparse(chain.selected[0])
        in {column.rpartition(".")[0].removesuffix(".c") for column in batch.columns}
    )


def _lookup(
    query: CapturedQuery, built: expressions.Built, nodes: tuple[ast.AST, ...]
) -> Batch | None:
    """``session.get(Order, key)`` and ``query(Order).get(key)``."""
    frame = query.stack[0]
    call = built.call
    func = call.func
    if not isinstance(func, ast.Attribute):
        return None
    if built.sort == "get" and len(call.args) > 1:
        entity, value = ast.unparse(call.args[0]), call.args[1]
        owner = ast.unparse(func.value)
        base = f"select({entity})"
    else:
        chain = chains.parse(built.expression)
        if not chain.selected or not call.args:
            return None
        entity, value = ast.unparse(chain.selected[0]), call.args[0]
        owner, base = "", chain.code()
    names = query.orm_cause.columns or _keys_in(query)
    columns = tuple(f"{entity}.{name}" for name in names)
    awaited = any(isinstance(node, ast.Await) and node.value is call for node in nodes)
    place = place_of(frame, (value,), f"{owner or base}")
    options = "".join(
        f".options(*{ast.unparse(each.value)})" for each in call.keywords if each.arg == "options"
    )
    method = "where" if owner else "filter"
    code = f"{base}{options}.{method}({_tupled(columns)}.in_({place.keys}))"
    return Batch(
        chain=chains.parse(ast.parse(code, mode="eval").body),
        columns=columns,
        place=place,
        owner=owner,
        awaited=awaited,
        sort="one",
        entity=True,
        gives_none=True,
    )


def _keys_in(query: CapturedQuery) -> tuple[str, ...]:
    """Columns that a statement compares: what a key is made of."""
    return tuple(raw.compared(query.statement)) or ("id",)


def _tupled(columns: tuple[str, ...]) -> str:
    return columns[0] if len(columns) == 1 else f"tuple_({', '.join(columns)})"


def _run_by(
    built: expressions.Built, nodes: tuple[ast.AST, ...], chain: chains.Chain
) -> tuple[str, bool, list[str]]:
    """What runs the query, whether it is awaited, and the calls that take its result."""
    call = built.call
    func = call.func
    owner = ast.unparse(func.value) if isinstance(func, ast.Attribute) else "session"
    if chain.is_query:
        called = chain.base.func if isinstance(chain.base, ast.Call) else chain.base
        assert isinstance(called, ast.Attribute)
        owner = ast.unparse(called.value)
        if called is chain.base:
            owner = f"{owner}.query.session"
    ends = [func.attr] if isinstance(func, ast.Attribute) else []
    ends += [chain.end] if chain.end else []
    awaited = False
    inner: ast.AST = call
    for node in reversed(above(nodes, call)):
        if isinstance(node, ast.Await):
            awaited = True
        elif isinstance(node, ast.Attribute):
            ends.append(node.attr)
        elif not (isinstance(node, ast.Call) and node.func is inner):
            break
        inner = node
    return owner, awaited, ends


def above(nodes: tuple[ast.AST, ...], call: ast.Call) -> tuple[ast.AST, ...]:
    """The nodes around a call; a frame that waits executes the ``await`` around it."""
    for at, node in enumerate(nodes):
        if node is call:
            return nodes[:at]
        if isinstance(node, ast.Await) and node.value is call:
            return nodes[: at + 1]
    return ()


def _is_entity(query: CapturedQuery, chain: chains.Chain) -> bool:
    if not chain.selected:
        return bool(query.orm_cause.entity)
    first = chain.selected[0]
    name = ast.unparse(first).rpartition(".")[2]
    return len(chain.selected) == 1 and (
        query.orm_cause.entity == name
        or (bool(query.orm_cause.entity) and isinstance(first, ast.Name))
    )


def _without_exists(chain: chains.Chain) -> chains.Chain:
    """The query within ``select(exists().where(...))`` or ``select(select(...).exists())``."""
    node: ast.expr | None = None
    if len(chain.selected) == 1 and "exists" in ast.unparse(chain.selected[0]):
        node = chain.selected[0]
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "exists" and _is_chain(node.func.value):
            return chains.parse(node.func.value)
        if node.func.attr in ("scalar_subquery", "label", "correlate"):
            node = node.func.value
            continue
        break
    if node is None:
        return chain
    inner = chains.parse(node)
    if ast.unparse(inner.base) == "exists()":
        return inner
    if isinstance(inner.base, ast.Call) and inner.base.args:
        found = chains.parse(inner.base.args[0])
        return chains.Chain(found.base, (*found.steps, *inner.steps), "", found.selected)
    return inner


def _resolved(chain: chains.Chain, frame: Frame, nodes: tuple[ast.AST, ...]) -> chains.Chain:
    """The chain with the name of the one query that it asks about put in its place."""
    if len(chain.selected) != 1 or "exists" not in ast.unparse(chain.selected[0]):
        return chain
    scope = function_of(nodes) or nodes[0]
    asked = chain.selected[0]
    for name in names_in(asked):
        for assignment in assignments(scope, name, frame.site.line)[-1:]:
            if isinstance(assignment.value, ast.Call):
                asked = expressions.put(asked, name, assignment.value)
    return replace(chain, selected=(asked,))


def _is_chain(node: ast.expr) -> bool:
    return isinstance(node, ast.Call)
