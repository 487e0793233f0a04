"""A DataLoader for a resolver that asks for one row's key."""

import ast
import re
from collections.abc import Sequence
from dataclasses import replace

from querysafe.analysis.cures import raw, rows
from querysafe.analysis.cures.chains import parse
from querysafe.query import CapturedQuery


def dataloader(queries: Sequence[CapturedQuery]) -> str:
    """A batch function and its loader, written from the resolver's own query."""
    query = queries[0]
    field = query.stack[0].site.function.rpartition(".")[2] if query.stack else "rows"
    batch = rows.understand(queries)
    if batch is None:
        lines = raw.cure(queries).splitlines()
        return "\n".join([*lines, f"# {field}_loader = DataLoader(load_fn=rows_for_all)"])
    condition = f"{batch.column}.in_({batch.place.keys})"
    code = batch.chain.code().replace(condition, f"{batch.column}.in_(keys)")
    chain = parse(ast.parse(code, mode="eval").body)
    owner = batch.owner if batch.owner.isidentifier() else "session"
    lines, result, _ = rows.told(replace(batch, chain=chain, owner=owner))
    answer = {"exists": "key in known", "count": "found.get(key)"}.get(
        batch.sort, f"{result}[key]" if batch.sort == "many" else f"{result}.get(key)"
    )
    contexts = [each for each in batch.place.contexts if re.search(rf"\bas {owner}\b", each)]
    body: list[str] = []
    indent = "        "
    given = owner
    for each in contexts:
        opened = re.sub(r"\binfo\.context\[['\"](\w+)['\"]\]", r"\1", each)
        named = re.search(r"with (\w+)\(", opened)
        given = named[1] if named else given
        body.append(f"{indent}{opened}:")
        indent += "    "
    body += [indent + line for line in lines]
    return "\n".join(
        [
            f"def {field}_loader({given}):",
            "    async def load(keys):",
            *body,
            f"{indent}return [{answer} for key in keys]",
            "    return DataLoader(load_fn=load)",
            f"# one loader a request, in its context; the resolver awaits .load({batch.place.key})",
        ]
    )
