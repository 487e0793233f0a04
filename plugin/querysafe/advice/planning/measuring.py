"""How big an index would be: the planner itself says how many rows and keys it would hold."""

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from querysafe.advice.candidates.expressions import Operation, columns, within
from querysafe.advice.candidates.parsing import parse
from querysafe.advice.index import Index, Table, quoted
from querysafe.advice.planning.catalog import Column, TableEntry
from querysafe.advice.planning.counting import Counted
from querysafe.advice.planning.explaining import nodes
from querysafe.advice.planning.facts import Facts
from querysafe.advice.planning.sampling import Elements
from querysafe.advice.planning.sizing import PAGE, Contents, pages
from querysafe.advice.planning.statistics import ColumnStatistics

if TYPE_CHECKING:
    from psycopg import Connection

__all__ = ["PAGE", "pages_of", "size_of"]

_TEXTS, _TEXT_WIDTH = ("text", "character varying"), 32
"""What the planner takes for the width of an expression that gives a text."""
_ORDERED, _SAMPLED = 0.95, 30_000
"""Correlation from which rows lie in the order of a column, and the blocks that ANALYZE reads."""
_SPLITS = {"gin": 8.0}
"""Entries that a value is split into where its statistics do not say."""


def pages_of(
    connection: "Connection[Any]",
    facts: Facts,
    index: Index,
    known: Mapping[str, ColumnStatistics] = MappingProxyType({}),
    elements: Elements | None = None,
    counted: Counted | None = None,
) -> int:
    """Pages of an index, a partitioned table's over all partitions.

    ``known`` says how the values of its expressions are spread, of which the planner knows
    nothing as long as the index is not there; ``elements`` into what a GIN index splits them;
    ``counted`` how many rows and keys of it a sample has.
    """
    return size_of(connection, facts, index, known, elements, counted)[0]


def size_of(
    connection: "Connection[Any]",
    facts: Facts,
    index: Index,
    known: Mapping[str, ColumnStatistics] = MappingProxyType({}),
    elements: Elements | None = None,
    counted: Counted | None = None,
) -> tuple[int, float]:
    """Pages and rows of an index."""
    contents = _contents(connection, facts, index, known, elements)
    if counted is not None:
        rows, distinct = counted.of(facts.rows(index.table))
        contents = replace(contents, rows=rows, distinct=distinct)
    return pages(index, contents), contents.rows


def _contents(
    connection: "Connection[Any]",
    facts: Facts,
    index: Index,
    known: Mapping[str, ColumnStatistics],
    split: Elements | None,
) -> Contents:
    from psycopg import Error

    entry = facts.catalog[index.table]
    relation = f"{index.table}" if entry.children else f"ONLY {index.table}"
    place = f"FROM {relation} WHERE {index.where or 'true'}"
    keys = ", ".join(key.target for key in index.keys)
    every = ", ".join([keys, *map(quoted, index.include)])
    whole = facts.rows(index.table)
    rows, width = _asked(connection, f"SELECT {every} {place}")
    rows = min(max(rows, whole), rows * _understated(index.where))
    distinct = rows
    if index.method == "btree":
        with suppress(Error):
            distinct = _asked(connection, f"SELECT DISTINCT {keys} {place}")[0]
        if all(key.column for key in index.keys):
            distinct = max(distinct, least_distinct(facts, index, rows))
    for each in known.values():
        own = each.distinct if each.distinct > 0 else -each.distinct * rows
        distinct = min(rows, max(distinct, own))
        if each.type in _TEXTS:
            width += each.width - _TEXT_WIDTH
    merges = all(
        column is None or facts.merges(column.base_type) or column.sort == "e"
        for column in (entry.column(key.column) for key in index.keys)
    )
    elements, element_width = 1.0, 4.0
    if index.method in _SPLITS:
        elements = _elements(facts, index, width)
        distinct = min(rows * elements / 5, _vocabulary(facts, index))
        if split is not None and rows:
            elements, distinct = split.of(rows)
            elements /= rows
            element_width = split.width
        if index.keys[0].operator_class == "jsonb_path_ops":
            element_width = 4.0
        elif split is not None and entry.column(index.keys[0].column) in _documents(entry):
            elements *= 2  # its key is one more
    return Contents(
        rows=rows,
        distinct=distinct,
        width=width,
        merges=merges,
        elements=elements,
        element_width=element_width,
        heap_pages=facts.pages(index.table),
    )


def _understated(where: str) -> float:
    """By how much the rows of a predicate may be more than the planner thinks. Of ``a < b`` it
    takes one row in three to be so, whatever the columns are; two in three is the other case.
    Several values together are more often less rare than it thinks than they are rarer.
    """
    if not where:
        return 1.0
    compares = any(
        isinstance(each, Operation) and columns(each.left) and columns(each.right)
        for each in within(parse(where))
    )
    return 2.0 if compares else 1.1


def least_distinct(facts: Facts, index: Index, rows: float) -> float:
    """Different keys among the rows of an index of columns, as many as there might well be.

    The planner takes several columns together to have a tenth of the rows as different values
    at most (``estimate_num_groups``); an index with so few would be small, which is not said of
    one that has more. A unique index tells what a part of its columns has at least.
    """
    table, whole = index.table, max(1.0, facts.rows(index.table))
    names = {key.column for key in index.keys}
    found = math.prod(_different(facts, table, name) or 1.0 for name in names)
    for each in facts.catalog[table].indexes:
        if not each.index.unique or each.index.where:
            continue
        held = {key.column for key in each.index.keys}
        if held & names and "" not in held:
            others = math.prod(_different(facts, table, name) or whole for name in held - names)
            found = max(found, whole / max(1.0, others))
    found = min(whole, max(1.0, found))
    share = min(1.0, rows / whole)
    # Of a group of so many rows, the index holds one at least with this probability.
    return min(rows, float(found * (1 - (1 - share) ** (whole / found))))


def _documents(entry: TableEntry) -> list[Column]:
    return [each for each in entry.columns if each.base_type == "jsonb"]


def _different(facts: Facts, table: Table, column: str) -> float | None:
    """Different values of a column. ANALYZE takes its rows from 30,000 blocks at most: where rows
    lie in the order of a column, it counts the values of these blocks and takes them for all.
    """
    found = facts.distinct(table, column)
    if found is None or abs(facts.correlation(table, column) or 0.0) < _ORDERED:
        return found
    return min(facts.rows(table), found * max(1.0, facts.pages(table) / _SAMPLED))


def _asked(connection: "Connection[Any]", statement: str) -> tuple[float, float]:
    """Rows of a result and bytes of one, as the planner estimates them."""
    found = connection.execute(f"EXPLAIN (FORMAT JSON) {statement}".encode()).fetchone()
    assert found is not None
    content = found[0]
    root = (json.loads(content) if isinstance(content, str) else content)[0]["Plan"]
    return float(root["Plan Rows"]), float(next(nodes(root))["Plan Width"])


def _vocabulary(facts: Facts, index: Index) -> float:
    """Different entries of a GIN index: statistics name the elements of a column, if any."""
    key = index.keys[0]
    if "trgm" in key.operator_class:
        return 8_000.0
    known = facts.elements(index.table, key.column) if key.column else 0
    return float(known) if known else 20_000.0


def _elements(facts: Facts, index: Index, width: float) -> float:
    """Entries of a row in a GIN index: trigrams, lexemes, elements or keys and values."""
    key = index.keys[0]
    if "trgm" in key.operator_class:
        return width + 1
    known = facts.element_count(index.table, key.column) if key.column else None
    if known is not None:
        return known
    if key.operator_class == "jsonb_path_ops":
        return max(1.0, width / 16)
    return max(1.0, width / 10)
