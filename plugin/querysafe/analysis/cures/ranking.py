"""The first rows of every parent in one query: ``row_number()`` over the parents."""

import ast
from collections.abc import Sequence
from dataclasses import replace

from querysafe.analysis.cures import raw, rows
from querysafe.query import CapturedQuery


def cure(queries: Sequence[CapturedQuery]) -> str:
    """A window function over the loop's own query."""
    batch = rows.understand(queries)
    if batch is None or not batch.chain.selected:
        return raw.cure(queries)
    chain = batch.chain
    limit, order = chain.of("limit"), chain.of("order_by")
    count = ast.unparse(limit.args[0]) if limit is not None and limit.args else "1"
    by = ", ".join(ast.unparse(each) for each in order.args) if order else batch.columns[0]
    partition = ", ".join(batch.columns)
    window = (
        f"func.row_number().over(partition_by={_listed(partition)}, "
        f"order_by={_listed(by)}).label('position')"
    )
    selected = [ast.unparse(each) for each in chain.selected]
    if not batch.entity and not rows.has_all(batch, chain):
        selected += [each for each in batch.columns if each not in selected]
    chain = chain.without("limit", "offset", "order_by", "options")
    conditions = replace(chain, base=ast.Name(id="base", ctx=ast.Load())).code()[len("base") :]
    conditions = conditions.replace(".filter(", ".where(") if chain.is_query else conditions
    lines = [f"ranked = select({', '.join([*selected, window])}){conditions}.subquery()"]
    name = rows.row_name(batch, batch.chain)
    if batch.entity:
        lines.append(f"first = aliased({selected[0]}, ranked)")
        statement, method = "select(first)", "scalars"
    else:
        statement, method = "select(ranked)", "execute"
    run = batch.run(method, f"{statement}.where(ranked.c.position <= {count})")
    key = batch.place.key
    if count == "1":
        lines.append(f"found = {{{batch.of(name)}: {name} for {name} in {run}}}")
        return batch.place.code(lines, "found", f"found.get({key})")
    run = batch.run(
        method, f"{statement}.where(ranked.c.position <= {count}).order_by(ranked.c.position)"
    )
    lines += [
        "found = defaultdict(list)",
        f"for {name} in {run}:",
        f"    found[{batch.of(name)}].append({name})",
    ]
    return batch.place.code(lines, "found", f"found[{key}]")


def _listed(columns: str) -> str:
    return f"[{columns}]" if ", " in columns else columns
