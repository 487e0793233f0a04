"""What a plan says of each table that it reads: conditions, joins, orders, groups, columns needed."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from querysafe.advice.candidates.expressions import (
    Call,
    Column,
    Expression,
    columns,
    conjuncts,
    within,
)
from querysafe.advice.candidates.parsing import parse, sort_key
from querysafe.advice.index import Index, Table

_CONDITIONS = ("Filter", "Index Cond", "Recheck Cond", "Order By", "TID Cond")
_JOINS = ("Hash Cond", "Merge Cond", "Join Filter")


@dataclass(frozen=True, slots=True)
class Order:
    """One key of an order that the plan must make."""

    expression: Expression
    descending: bool
    nulls_first: bool


@dataclass(slots=True)
class Access:
    """One table of a plan, under the alias that EXPLAIN gives it."""

    table: Table
    alias: str
    conditions: list[Expression] = field(default_factory=list)
    """Conjuncts that mention it, its own and those of the joins above."""
    orders: list[tuple[Order, ...]] = field(default_factory=list)
    groups: list[tuple[Expression, ...]] = field(default_factory=list)
    extremes: list[Column] = field(default_factory=list)
    """Columns of which a minimum or maximum is asked for."""
    shown: set[str] = field(default_factory=set)
    """Names of the columns that anything above the scan reads, but for conditions."""
    limited: bool = False
    """Whether a LIMIT stands above it."""
    node: Mapping[str, Any] = field(default_factory=dict)

    def needed(self, settled: Collection[Expression] = ()) -> set[str]:
        """Names of the columns that must be at hand, when some conditions hold already."""
        open_ = (each for each in self.conditions if each not in settled)
        asked = {c.name for each in open_ for c in columns(each) if c.alias == self.alias}
        return self.shown | asked


def nodes(
    plan: Mapping[str, Any], limited: bool = False
) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Every node of a plan from the top, and whether a LIMIT stands above it."""
    yield plan, limited
    below = limited or plan.get("Node Type") == "Limit"
    for child in plan.get("Plans", ()):
        yield from nodes(child, below)


def accesses(
    plan: Mapping[str, Any], standing: Mapping[str, Index] = MappingProxyType({})
) -> list[Access]:
    """What a plan reads of which tables; the scan of an index that exists is one, too.

    ``standing`` are the indexes that exist, by name: a scan that reads one of them for its
    order and throws rows away wants that order below its conditions.
    """
    found: dict[str, Access] = {}
    every = list(nodes(plan))
    for node, limited in every:
        name, alias = node.get("Relation Name"), node.get("Alias")
        if name and alias and node.get("Node Type") != "ModifyTable" and alias not in found:
            found[alias] = Access(
                table=Table(node.get("Schema", "public"), name),
                alias=alias,
                limited=limited,
                node=node,
            )
    every_access = list(found.values())
    if len(every_access) == 1:
        found[""] = every_access[0]  # Output names no table when there is only one
    for node, _ in every:
        for key in (*_CONDITIONS, *_JOINS):
            for text in _texts(node.get(key)):
                for part in conjuncts(parse(text)):
                    _condition(part, found)
        _keys(node, found)
        _ordered_by_index(node, found, standing)
        _outputs(node, found, top=node is plan)
    return every_access


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _condition(part: Expression, found: Mapping[str, Access]) -> None:
    for column in columns(part):
        access = found.get(column.alias)
        if access is not None and part not in access.conditions:
            access.conditions.append(part)


def _keys(node: Mapping[str, Any], found: Mapping[str, Access]) -> None:
    if node.get("Node Type") in ("Sort", "Incremental Sort"):
        orders = [Order(*sort_key(text)) for text in node.get("Sort Key", ())]
        alias = _alias(orders[0].expression) if orders else ""
        if alias in found:
            led = []
            for order in orders:
                if _alias(order.expression) != alias:
                    break
                led.append(order)
            found[alias].orders.append(tuple(led))
    groups = tuple(parse(text) for text in node.get("Group Key", ()) if isinstance(text, str))
    for alias in {_alias(each) for each in groups}:
        if alias in found:
            found[alias].groups.append(tuple(each for each in groups if _alias(each) == alias))
    if node.get("Node Type") == "Aggregate" and not groups:
        for text in node.get("Output", ()):
            for each in within(parse(text)):
                if (
                    isinstance(each, Call)
                    and each.name in ("min", "max")
                    and len(each.arguments) == 1
                    and isinstance(column := each.arguments[0], Column)
                    and column.alias in found
                ):
                    found[column.alias].extremes.append(column)


def _ordered_by_index(
    node: Mapping[str, Any], found: Mapping[str, Access], standing: Mapping[str, Index]
) -> None:
    index = standing.get(str(node.get("Index Name", "")))
    access = found.get(str(node.get("Alias", "")))
    if index is None or access is None or not access.limited or not node.get("Filter"):
        return
    backward = node.get("Scan Direction") == "Backward"
    led = []
    for key in index.keys:
        if not key.column:
            break
        descending = key.descending != backward
        first = key.descending if key.nulls_first is None else key.nulls_first
        led.append(Order(Column(access.alias, key.column), descending, first != backward))
    if led:
        access.orders.append(tuple(led))


def _alias(expression: Expression) -> str:
    """The one table that an expression reads; empty when there are several, or none."""
    names = {column.alias for column in columns(expression)}
    return names.pop() if len(names) == 1 else ""


def _outputs(node: Mapping[str, Any], found: Mapping[str, Access], *, top: bool) -> None:
    """Columns that a node above the scans passes on; scans may list columns nobody needs."""
    if node.get("Relation Name") and node.get("Node Type") != "ModifyTable" and not top:
        return
    texts = list(node.get("Output", ()))
    for key in ("Sort Key", "Group Key", "Presorted Key"):
        texts += [each for each in node.get(key, ()) if isinstance(each, str)]
    if top and not texts and node.get("Plans"):
        for child in node["Plans"]:
            _outputs(child, found, top=True)
    for text in texts:
        for column in columns(
            parse(text) if node.get("Node Type") not in ("Sort",) else sort_key(text)[0]
        ):
            if column.alias in found:
                found[column.alias].shown.add(column.name)
