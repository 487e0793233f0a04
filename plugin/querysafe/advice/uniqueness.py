"""Advised indexes that could be unique: no value repeats, and the column's name says so."""

import re
from collections.abc import Iterator, Sequence

from querysafe.advice.advice import Advised, Remark
from querysafe.advice.index import Index
from querysafe.advice.planner import Existing, Planner, Relation

_ROWS = 1000
"""Of fewer rows that no value repeats says little."""
_ALL = 0.999
_KEPT = ("database", "statistics")
"""The bases whose numbers of distinct values were counted, and not guessed from a schema."""
_NAMED = re.compile(
    r"(?:^|_)(?:uuid|guid|ulid|slug|e_?mail(?:_address)?|user_?name|login|handle|sku|isbn|ean|iban|vin"
    r"|token|api_key|external_id|public_id|fingerprint|checksum|digest|hostname|fqdn"
    r"|(?:serial|invoice|order|account|customer|tracking)_(?:number|no))$",
    re.IGNORECASE,
)


def is_distinct(planner: Planner, relation: Relation, index: Index) -> bool:
    """Whether ANALYZE saw no value of an index's only column twice."""
    column = index.keys[0].column
    if planner.basis.name not in _KEPT or relation.rows < _ROWS:
        return False
    if index.method != "btree" or index.where or len(index.keys) != 1 or not column:
        return False
    distinct = planner.distinct(index.table, column)
    empty = planner.null_fraction(index.table, column) or 0.0
    return distinct is not None and distinct >= _ALL * relation.rows * (1 - empty) > 0


def remarks(advised: Sequence[Advised], existing: Sequence[Existing]) -> Iterator[Remark]:
    """A word on each advised index that would probably be meant as unique."""
    kept = {(each.index.table, each.index.keys) for each in existing if each.index.unique}
    for each in advised:
        column = each.index.keys[0].column
        if not each.distinct or not _NAMED.search(column):
            continue
        if (each.index.table, each.index.keys) in kept:
            continue
        unique = each.index.create(each.name, concurrently=True).replace(
            "CREATE INDEX", "CREATE UNIQUE INDEX", 1
        )
        yield Remark(
            kind="unique",
            subject=each.index,
            words=f'"{column}" of "{each.index.table.name}" repeats no value that ANALYZE saw, and '
            "nothing keeps it so: made unique, the advised index would (it fails where one repeats)",
            cure=unique,
        )
