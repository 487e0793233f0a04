"""How big an index would be in production.

B-tree: ``src/backend/access/nbtree/nbtsort.c`` and ``nbtdedup.c`` (a key with its duplicates is
one posting list of up to a tenth of a page); the others are rules of thumb.
"""

import math
from dataclasses import dataclass

from querysafe.advice.index import Index

PAGE = 8192
_USABLE = PAGE - 24 - 16
_SPLIT_FILL = 0.65
"""How full pages are whose entries come in no order."""
_TUPLE, _POINTER, _ROW_ID = 8, 4, 6
_POSTING = 808
"""Bytes of the longest posting list that a sorted build makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What an index would hold."""

    rows: float
    distinct: float
    """Different keys among the rows."""
    width: float
    """Bytes of all columns of an entry."""
    merges: bool = True
    """Whether equal keys are kept once, see ``sql/mergeable.sql``."""
    elements: float = 1.0
    """Entries of a row, for a kind that splits its value (GIN)."""
    element_width: float = 4.0
    """Bytes of such an entry's key."""
    heap_pages: int = 0


def pages(index: Index, contents: Contents) -> int:
    """Pages of an index, its meta page included."""
    rows = max(0.0, contents.rows)
    if index.method == "btree":
        return _btree(index, contents, rows)
    if index.method == "gin":
        return _gin(contents, rows)
    if index.method == "brin":
        every = int(dict(index.storage).get("pages_per_range", "128"))
        ranges = math.ceil(contents.heap_pages / max(1, every))
        entry = _aligned(8 + 2 * contents.width) + _POINTER
        return 2 + math.ceil(ranges / 1360) + math.ceil(ranges * entry / _USABLE)
    if index.method == "hash":
        # Buckets come in quarters of a power of two, and unevenly filled ones overflow.
        return 4 + math.ceil(rows * (_aligned(_TUPLE + 4) + _POINTER) / (_USABLE * 0.6))
    entry = _aligned(_TUPLE + contents.width + 4) + _POINTER
    return 1 + math.ceil(rows * entry / (_USABLE * 0.7))


def _btree(index: Index, contents: Contents, rows: float) -> int:
    fill = int(dict(index.storage).get("fillfactor", "90")) / 100
    single = _aligned(_TUPLE + contents.width) + _POINTER
    total = rows * single
    distinct = min(rows, max(1.0, contents.distinct)) if rows else 1.0
    merges = dict(index.storage).get("deduplicate_items", "on") not in ("off", "false")
    if merges and contents.merges and not index.include and not index.unique:
        each = rows / distinct if distinct else 0.0
        if each > 1:
            lists = max(1.0, each * _ROW_ID / max(1.0, _POSTING - contents.width))
            size = _aligned(_aligned(_TUPLE + contents.width) + _ROW_ID * each / lists) + _POINTER
            total = min(total, distinct * lists * size)
    leaves = max(1, math.ceil(total / ((_USABLE - single) * fill)))
    count, level = leaves, leaves
    pivots = max(2.0, _USABLE * 0.7 / single)
    while level > 1:
        level = math.ceil(level / pivots)
        count += level
    return 1 + count


def _gin(contents: Contents, rows: float) -> int:
    """Posting lists, whose row ids are differences of a few bits each, over a tree of the keys.

    ``src/backend/access/gin/ginpostinglist.c``: seven bits a byte, and a row's place in its page
    takes eleven of them.
    """
    postings = rows * contents.elements
    keys = min(postings, max(1.0, contents.distinct))
    each = postings / max(1.0, keys)
    per_page = rows / max(1.0, contents.heap_pages)
    step = max(1.0, rows / max(1.0, each)) / max(1.0, per_page)
    bits = math.log2(2048 * step) if step >= 1 else math.log2(max(2.0, 2048 * step))
    size = min(6.0, max(1.0, math.ceil(bits / 7)))
    key = _aligned(8 + contents.element_width) + _POINTER + _ROW_ID
    # A key with few rows keeps them in its entry; entries come in no order, so that pages split.
    return 2 + math.ceil(postings * size / (_USABLE * 0.9) + keys * key / (_USABLE * _SPLIT_FILL))


def _aligned(size: float) -> int:
    return -(-math.ceil(size) // 8) * 8
