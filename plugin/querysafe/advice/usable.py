"""Whether any index could serve a query, read from its plan without sequential scans."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from querysafe.advice.declared import BIG, rows_of

_LITERAL = re.compile(r"'(?:[^']|'')*'(?:::[\w ]+(?:\[\])?)?|(?<![\w.$])\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeRead:
    """One big table that a plan reads from end to end."""

    schema: str
    table: str
    rows: float
    why: str
    """What it is read for: ``the filter (orders.status = …)``, ``the join …``."""
    columns: tuple[str, ...] = ()
    """Its columns that are named there, sorted."""

    @property
    def label(self) -> str:
        """The table with these columns: stays the same when a join is planned the other way."""
        return ".".join(filter(None, (self.table, "+".join(self.columns))))


def whole_reads(root: Mapping[str, Any], rows: Mapping[str, float]) -> list[WholeRead]:
    """The big tables that a plan made with ``enable_seqscan = off`` still reads whole.

    ``root`` is the ``Plan`` object of ``EXPLAIN (VERBOSE, FORMAT JSON)``, ``rows`` the known
    sizes by table. A table that nothing filters, joins or limits is read whole by intention.
    """
    found: dict[tuple[str, str], WholeRead] = {}
    for node, above in _nodes(root, ()):
        table = str(node.get("Relation Name", ""))
        schema = str(node.get("Schema", ""))
        count = rows_of(rows, schema, table) if table else None
        if count is None or count < BIG or not _reads_all(node):
            continue
        why = _reason(node, above)
        if why:
            found.setdefault(
                (schema, table),
                WholeRead(
                    schema=schema,
                    table=table,
                    rows=count,
                    why=why,
                    columns=_columns(why, str(node.get("Alias", table))),
                ),
            )
    return list(found.values())


def shape(root: Mapping[str, Any]) -> str:
    """A plan on one line, without costs and values: equal for equal ways of reading."""
    own = str(root.get("Node Type", "?"))
    kind = root.get("Join Type")
    if kind and kind != "Inner":
        own += f" {kind}"
    if table := root.get("Relation Name"):
        own += f" {table}"
    if index := root.get("Index Name"):
        own += f"({index})"
    below = [shape(each) for each in root.get("Plans", ())]
    if not below:
        return own
    inner = ", ".join(below)
    return f"{own} > {inner}" if len(below) == 1 else f"{own} [{inner}]"


def _reads_all(node: Mapping[str, Any]) -> bool:
    return node.get("Node Type") == "Seq Scan"


def _reason(node: Mapping[str, Any], above: tuple[Mapping[str, Any], ...]) -> str:
    if condition := node.get("Filter"):
        return f"the filter {_LITERAL.sub('…', str(condition))}"
    for parent in reversed(above):
        kind = str(parent.get("Node Type", ""))
        for detail in ("Hash Cond", "Merge Cond", "Join Filter"):
            if condition := parent.get(detail):
                return f"the join {_LITERAL.sub('…', str(condition))}"
        if kind == "Nested Loop":
            return "a join"
        if kind in ("Sort", "Incremental Sort") and any(
            each.get("Node Type") == "Limit" for each in above
        ):
            return f"the first rows by {', '.join(map(str, parent.get('Sort Key', ())))}"
        if kind in ("Aggregate", "SetOp", "Append", "ModifyTable", "WindowAgg"):
            return ""
    return ""


def _columns(why: str, alias: str) -> tuple[str, ...]:
    named = re.findall(rf'(?<![\w.]){re.escape(alias)}\."?(\w+)"?', why)
    return tuple(sorted(set(named)))


def _nodes(
    node: Mapping[str, Any], above: tuple[Mapping[str, Any], ...]
) -> Iterator[tuple[Mapping[str, Any], tuple[Mapping[str, Any], ...]]]:
    yield node, above
    for each in node.get("Plans", ()):
        yield from _nodes(each, (*above, node))
