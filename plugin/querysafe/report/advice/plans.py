"""A plan as a tree of words, as a person reads EXPLAIN."""

from collections.abc import Iterator, Mapping
from typing import Any

from querysafe.advice.planner import Plan

_CONDITIONS = (
    "Index Cond",
    "Recheck Cond",
    "Hash Cond",
    "Merge Cond",
    "Join Filter",
    "Filter",
    "Sort Key",
    "Group Key",
)


def tree(plan: Plan | None, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Each node from the top with its depth, title, cost, rows and conditions; ``names`` are those
    under which candidates are advised.
    """
    return [] if plan is None else list(_nodes(plan.root, 0, names))


def _nodes(
    node: Mapping[str, Any], depth: int, names: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    title = str(node.get("Node Type", ""))
    index = str(node.get("Index Name", ""))
    if index:
        title += f" using {names.get(index, index)}"
    if node.get("Relation Name"):
        title += f" on {node['Relation Name']}"
        if node.get("Alias") not in (None, node["Relation Name"]):
            title += f" {node['Alias']}"
    yield {
        "depth": depth,
        "title": title,
        "cost": round(float(node.get("Total Cost", 0)), 1),
        "rows": round(float(node.get("Plan Rows", 0))),
        "advised": index in names,
        "scan": node.get("Node Type") == "Seq Scan",
        "conditions": [f"{key}: {_value(node[key])}" for key in _CONDITIONS if node.get(key)],
    }
    for child in node.get("Plans", ()):
        yield from _nodes(child, depth + 1, names)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else ", ".join(map(str, value))
