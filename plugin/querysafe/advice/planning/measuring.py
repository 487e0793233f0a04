"""How big an index would be: the planner itself says how many rows and keys it would hold."""

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from querysafe.advice.index import Index, quoted
from querysafe.advice.planning.explaining import nodes
from querysafe.advice.planning.facts import Facts
from querysafe.advice.planning.sizing import PAGE, Contents, pages

if TYPE_CHECKING:
    from psycopg import Connection

__all__ = ["PAGE", "pages_of", "size_of"]

_SPLITS = {"gin": 8.0}
"""Entries that a value is split into where its statistics do not say."""


def pages_of(connection: "Connection[Any]", facts: Facts, index: Index) -> int:
    """Pages of an index, a partitioned table's over all partitions."""
    return size_of(connection, facts, index)[0]


def size_of(connection: "Connection[Any]", facts: Facts, index: Index) -> tuple[int, float]:
    """Pages and rows of an index."""
    contents = _contents(connection, facts, index)
    return pages(index, contents), contents.rows


def _contents(connection: "Connection[Any]", facts: Facts, index: Index) -> Contents:
    from psycopg import Error

    entry = facts.catalog[index.table]
    relation = f"{index.table}" if entry.children else f"ONLY {index.table}"
    place = f"FROM {relation} WHERE {index.where or 'true'}"
    keys = ", ".join(key.target for key in index.keys)
    every = ", ".join([keys, *map(quoted, index.include)])
    rows, width = _asked(connection, f"SELECT {every} {place}")
    distinct = rows
    if index.method == "btree":
        with suppress(Error):
            distinct = _asked(connection, f"SELECT DISTINCT {keys} {place}")[0]
    columns = [entry.column(key.column) for key in index.keys]
    merges = all(
        each is None or each.base_type in facts.mergeable or each.sort == "e" for each in columns
    )
    elements = _elements(facts, index, width) if index.method in _SPLITS else 1.0
    if index.method in _SPLITS:
        distinct = min(rows * elements / 5, _vocabulary(facts, index))
    return Contents(
        rows=rows,
        distinct=distinct,
        width=width,
        merges=merges,
        elements=elements,
        heap_pages=facts.pages(index.table),
    )


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
