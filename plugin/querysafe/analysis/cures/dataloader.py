"""A DataLoader for a resolver that asks for one row's key."""

import ast
import re

from querysafe.analysis.cures import expressions, rows
from querysafe.query import CapturedQuery


def dataloader(query: CapturedQuery) -> str:
    """A batch function and its loader, written from the resolver's own query."""
    built = expressions.find(query.stack[0] if query.stack else None)
    entity, key, statement = query.orm_cause.entity, "id", ""
    if built is not None and built.sort == "get":
        entity = ast.unparse(built.call.args[0])
        key = (query.orm_cause.columns or ("id",))[0]
        statement = f"select({entity}).where({entity}.{key}.in_(keys))"
    elif built is not None and built.sort in ("select", "query"):
        rewritten = rows.batched(query, None).replace(".in_(ids)", ".in_(keys)")
        statement = rewritten.partition(" = ")[2] if built.assigned else rewritten
        column = re.search(r"(\w+)\.in_\(keys\)", statement)
        key = column.group(1) if column else key
    if not statement:
        entity = entity or "Row"
        statement = f"select({entity}).where({entity}.{key}.in_(keys))"
    many = not query.orm_cause.lookup
    name = re.sub(r"\W+", "_", query.context.graphql_path.rpartition(".")[2] or "rows").strip("_")
    grouping = (
        f"    found = defaultdict(list)\n    for row in rows:\n        found[row.{key}].append(row)\n"
        "    return [found[key] for key in keys]\n"
        if many
        else f"    found = {{row.{key}: row for row in rows}}\n"
        "    return [found.get(key) for key in keys]\n"
    )
    return (
        f"async def load_{name}(keys):\n"
        f"    rows = (await session.scalars({statement})).all()\n"
        f"{grouping}\n"
        f"{name}_loader = DataLoader(load_fn=load_{name})"
    )
