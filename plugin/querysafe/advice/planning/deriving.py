"""Statistics of an expression that nobody has analysed, derived from those of its column.

PostgreSQL knows how the values of an indexed expression are spread once the index is there and
analysed; a candidate never was. What is not known here is left to the planner's defaults.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from querysafe.advice.index import Index, quoted
from querysafe.advice.planning.catalog import Column, IndexEntry, TableEntry
from querysafe.advice.planning.injecting import array
from querysafe.advice.planning.statistics import ColumnStatistics, TableStatistics

if TYPE_CHECKING:
    from psycopg import Connection

_SECONDS = {
    "minute": 60,
    "hour": 3600,
    "day": 86_400,
    "week": 604_800,
    "month": 2_629_800,
    "quarter": 7_889_400,
    "year": 31_557_600,
}
_TRUNCATED = re.compile(r"date_trunc\('(\w+)'")
_DATE = re.compile(r"::date\)*$|^date\(", re.IGNORECASE)
_SPREAD = re.compile(
    r"^(lower|upper|btrim|ltrim|rtrim|md5|reverse|unaccent|f_unaccent)\("
    r'|^\(*"?\w+"?\)*::[\w ]+\)*$'
)
"""Expressions that keep different values apart, all but a few."""
_TEXT = re.compile(r"->>|#>>")
"""Operators that give a text out of a document."""


def derived(
    connection: "Connection[Any]",
    entry: TableEntry,
    known: TableStatistics,
    index: IndexEntry,
    sampled: Callable[[str], ColumnStatistics | None] = lambda _: None,
) -> Iterator[tuple[str, str, ColumnStatistics]]:
    """The statistics of an index's expressions: attribute, expression, and what is known.

    ``sampled`` is asked of what cannot be derived from a column.
    """
    given = known.indexes[index.name].columns if index.name in known.indexes else {}
    for key, name in zip(index.index.keys, index.own_columns, strict=False):
        if not key.expression or name in given:
            continue
        column = _column(key.expression, entry)
        own = known.columns.get(column.name) if column is not None else None
        if column is not None:
            found = own and _derived(connection, key.expression, column, own)
            if found is None and _TEXT.search(key.expression):
                found = sampled(key.expression)
            if found is not None:
                yield name, key.expression, found


def has_expressions(index: Index) -> bool:
    """Whether an index has a key that is no plain column."""
    return any(key.expression for key in index.keys)


def _column(expression: str, entry: TableEntry) -> Column | None:
    """The only column that an expression reads."""
    text = re.sub(r"'(?:[^']|'')*'", "''", expression)
    found = [
        each
        for each in entry.columns
        if quoted(each.name) in text
        or re.search(rf'(?<![\w".]){re.escape(each.name)}(?![\w"(])', text)
    ]
    return found[0] if len(found) == 1 else None


def _derived(
    connection: "Connection[Any]", expression: str, column: Column, own: ColumnStatistics
) -> ColumnStatistics | None:
    import psycopg

    distinct = own.distinct
    unit = _unit(expression)
    if unit is None and not _SPREAD.search(expression):
        return None
    try:
        with connection.transaction():
            commons = _evaluated(connection, expression, column, own.common_values)
            bounds = _evaluated(connection, expression, column, own.bounds, ordered=True)
            if unit is not None:
                steps = _steps(connection, column, own.bounds, unit)
                if steps is None:
                    return None
                distinct = steps
    except psycopg.Error:
        return None
    shares: dict[str, float] = defaultdict(float)
    for value, share in zip(commons, own.common_frequencies, strict=False):
        if value is not None:
            shares[value] += share
    if shares and not bounds and own.distinct > 0:
        distinct = float(max(len(shares), own.distinct - len(commons) + len(shares)))
    ordered = sorted(shares.items(), key=lambda each: -each[1])
    return replace(
        own,
        distinct=distinct,
        common_values=tuple(value for value, _ in ordered),
        common_frequencies=tuple(share for _, share in ordered),
        bounds=tuple(dict.fromkeys(each for each in bounds if each is not None)),
    )


def _evaluated(
    connection: "Connection[Any]",
    expression: str,
    column: Column,
    values: tuple[str, ...],
    *,
    ordered: bool = False,
) -> list[str | None]:
    """What an expression makes of values: it is immutable, or no index could have it."""
    if not values:
        return []
    order = f"({expression})" if ordered else "n"
    statement = (
        (
            f"SELECT ({expression})::text FROM unnest(%s::{column.plain_type}[]) "  # noqa: S608
            f"WITH ORDINALITY AS t ({quoted(column.name)}, n) ORDER BY {order}"
        )
        .replace("%", "%%")
        .replace("%%s::", "%s::")
    )
    return [row[0] for row in connection.execute(statement.encode(), (array(values),)).fetchall()]


def _unit(expression: str) -> int | None:
    """Seconds of the unit to which an expression cuts a time; None when it cuts none."""
    found = _TRUNCATED.search(expression)
    if found is not None:
        return _SECONDS.get(found.group(1))
    return _SECONDS["day"] if _DATE.search(expression) else None


def _steps(
    connection: "Connection[Any]", column: Column, bounds: tuple[str, ...], unit: int
) -> float | None:
    """How many units lie between the first and the last value."""
    if len(bounds) < 2 or not column.base_type.startswith(("timestamp", "date")):
        return None
    row = connection.execute(
        "SELECT extract(epoch FROM %s::timestamp - %s::timestamp)::float8",
        (bounds[-1], bounds[0]),
    ).fetchone()
    assert row is not None
    return max(1.0, float(row[0]) // unit + 1)
