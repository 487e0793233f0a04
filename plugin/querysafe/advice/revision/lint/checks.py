"""Columns of which a validated check constraint says that they are not NULL."""

import re
from collections.abc import Iterable

from querysafe.advice.revision.lint.change import Change

_NOT_NULL = re.compile(r'"?(\w+)"?\s+IS\s+NOT\s+NULL', re.IGNORECASE)


def proven(changes: Iterable[Change]) -> frozenset[tuple[str, str]]:
    """``(table, column)`` of every check ``column IS NOT NULL`` that these changes validate."""
    found: set[tuple[str, str]] = set()
    waiting: dict[str, set[tuple[str, str]]] = {}
    for change in changes:
        if change.kind == "check":
            bare = change.table.rpartition(".")[2]
            pairs = {(bare, column) for column in _NOT_NULL.findall(change.expression)}
            if change.not_valid:
                waiting.setdefault(change.name, set()).update(pairs)
            else:
                found |= pairs
        elif change.kind == "validate":
            found |= waiting.get(change.name, set())
    return frozenset(found)
