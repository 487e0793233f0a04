"""Statistics guessed from a schema, for a database of which nothing else is known.

A column's name, type, keys, default and check constraints say much of how its values are
spread: a key is unique, a foreign key repeats its parents, a status has few values, a creation
date grows with the rows. The numbers were chosen on a workload of 165 statements.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from querysafe.advice.index import Table
from querysafe.advice.planning.catalog import Catalog, Column, TableEntry
from querysafe.advice.planning.references import is_unique, references
from querysafe.advice.planning.statistics import (
    ColumnStatistics,
    IndexStatistics,
    Statistics,
    TableStatistics,
)

PAGE = 8192
_BINS = 100
_HISTORY_DAYS = 3 * 365
_INFORMATIVE = 30
"""Rows from which a table of a test shows anything."""
_TWO = 2
_FILL = 0.95
"""Share of a heap page that rows take."""

_WORD = r"(^|_)({})($|_)"
_FEW = re.compile(
    _WORD.format(
        "status|state|kind|type|role|level|category|priority|severity|gender|sex|mode|phase|stage"
        "|method|provider|plan|tier|scope|visibility|channel|source|event|action|resource"
    )
)
_SOME = re.compile(
    _WORD.format("country|currency|language|lang|locale|timezone|tz|region|city|unit|brand|tag")
)
_COUNT = re.compile(
    _WORD.format(
        "rating|score|quantity|qty|position|ordinal|version|attempts|retries|rank|age|year"
    )
)
_UNIQUE = re.compile(
    _WORD.format(
        "email|slug|token|uuid|guid|hash|sha1|sha256|digest|username|login|code|sku|key|number"
        "|reference|phone|serial|url|uri|path|fingerprint"
    )
)
_RARELY_SET = re.compile(
    _WORD.format(
        "deleted|archived|cancelled|canceled|removed|revoked|blocked|banned|disabled|failed"
        "|locked|suspended|expired|refunded"
    )
)
_FLAG_RARE = re.compile(
    _WORD.format("deleted|archived|admin|staff|superuser|blocked|banned|featured|hidden|spam|draft")
)
_ANY_OF = re.compile(r"'((?:[^']|'')*)'::")
_DEFAULT = re.compile(r"^'((?:[^']|'')*)'::")


def guess(catalog: Catalog, rows: Mapping[Table, float], *, version: int = 0) -> Statistics:
    """Guess the statistics of tables from their schema and their numbers of rows."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    parents = {(each.child, each.column): each.parent for each in references(catalog)}
    return Statistics(
        version=version,
        tables={
            table: _table(entry, rows[table], parents, rows, today)
            for table, entry in catalog.items()
            if table in rows
        },
    )


def spread(column: Column, rows: float) -> ColumnStatistics:
    """Guess how the values of a column are spread, of which only name and type are known."""
    return _by_name(column, _nulls(column), rows, datetime.now(UTC))


def learned(guessed: Statistics, own: Statistics, catalog: Catalog) -> tuple[Statistics, int]:
    """Take the value lists that a database's few rows show; say of how many columns.

    Rows of a test say little of how production's values are spread, but a column that repeats
    two or more values over thirty rows shows its vocabulary.
    """
    tables = dict(guessed.tables)
    count = 0
    for table, found in own.tables.items():
        if table not in tables or found.rows < _INFORMATIVE:
            continue
        columns = dict(tables[table].columns)
        for name, each in found.columns.items():
            column = catalog[table].column(name)
            if name in columns and column is not None and _shows_vocabulary(column, each):
                if any(key[0] == (name,) for key in catalog[table].foreign_keys):
                    continue
                columns[name] = replace(each, correlation=columns[name].correlation)
                count += 1
        tables[table] = replace(tables[table], columns=columns)
    return replace(guessed, tables=tables), count


def _shows_vocabulary(column: Column, own: ColumnStatistics) -> bool:
    """Whether all of a few values were seen, each several times (then none is left to bounds)."""
    return (
        (
            _is_text(column)
            or column.base_type in ("boolean", "smallint", "integer")
            or column.labels != ()
        )
        and own.distinct == len(own.common_values) >= _TWO
        and not own.bounds
    )


def heap_pages(rows: float, row_bytes: float) -> int:
    """Pages that rows of a width fill."""
    each = max(1, int((PAGE - 24) * _FILL / max(1.0, row_bytes)))
    return -(-int(max(0.0, rows)) // each)


def _table(
    entry: TableEntry,
    rows: float,
    parents: Mapping[tuple[Table, str], Table],
    all_rows: Mapping[Table, float],
    today: datetime,
) -> TableStatistics:
    columns = {
        column.name: _column(
            column, entry, rows, parents.get((entry.table, column.name)), all_rows, today
        )
        for column in entry.columns
    }
    used = sum(each.width * (1 - each.null_fraction) for each in columns.values())
    pages = heap_pages(rows, 28 + used + 2 * len(columns))
    leaf = entry.kind != "p"
    return TableStatistics(
        pages=pages if leaf else 0,
        rows=rows,
        visible_pages=int(pages * 0.9) if leaf else 0,
        columns=columns if leaf else {},
        inherited=columns if entry.children else {},
        indexes={each.name: IndexStatistics(pages=0, rows=-1) for each in entry.indexes},
    )


def _column(
    column: Column,
    entry: TableEntry,
    rows: float,
    parent: Table | None,
    all_rows: Mapping[Table, float],
    today: datetime,
) -> ColumnStatistics:
    nulls = _nulls(column)
    if is_unique(column.name, entry):
        return _made(column, 0.0, -1.0 + nulls, rows=rows, today=today, order=1.0)
    if parent is not None:
        count = min(all_rows.get(parent, rows), rows * (1 - nulls))
        if column.name in entry.primary_key[:1]:
            return _made(column, nulls, max(1.0, count), rows=count, today=today, order=1.0)
        return _made(column, nulls, max(1.0, count), rows=count, today=today, order=0.05)
    words = _words(column, entry)
    if words or column.base_type == "boolean":
        return _vocabulary(column, nulls, words or ("f", "t"))
    return _by_name(column, nulls, rows, today)


def _by_name(column: Column, nulls: float, rows: float, today: datetime) -> ColumnStatistics:
    name = column.name.lower()
    if column.base_type.startswith(("timestamp", "date")):
        order = (
            0.95 if re.search(r"creat|insert|added|occurred|logged|^ts$|^at$|^time", name) else 0.3
        )
        days = column.base_type == "date"
        distinct = float(_HISTORY_DAYS) if days else -0.9 * (1 - nulls)
        return _made(column, nulls, distinct, rows=rows, today=today, order=order)
    if _is_text(column) or column.base_type in ("smallint", "integer", "bigint"):
        if _FEW.search(name):
            return _made(column, nulls, 8.0, today=today)
        if _SOME.search(name):
            return _made(column, nulls, 40.0, today=today)
        if _COUNT.search(name) or column.base_type == "smallint":
            return _made(column, nulls, 30.0, today=today)
        if _UNIQUE.search(name) or column.base_type == "uuid":
            return _made(column, nulls, -1.0 + nulls, today=today)
        share = -0.5 if _is_text(column) else -0.1
        return _made(column, nulls, share * (1 - nulls), today=today)
    if column.base_type == "uuid":
        return _made(column, nulls, -1.0 + nulls, today=today)
    return _made(column, nulls, -0.2 * (1 - nulls), today=today)


def _made(
    column: Column,
    nulls: float,
    distinct: float,
    *,
    today: datetime,
    rows: float = 0.0,
    order: float = 0.0,
) -> ColumnStatistics:
    """Statistics with a histogram where the type has a natural spread."""
    sortable = column.base_type not in ("json", "xml", "point", "box", "polygon", "tsvector")
    return ColumnStatistics(
        type=column.plain_type,
        null_fraction=nulls,
        width=_width(column),
        distinct=distinct,
        bounds=_bounds(column, rows, today),
        correlation=order if sortable and column.base_type != "jsonb" else None,
    )


def _bounds(column: Column, rows: float, today: datetime) -> tuple[str, ...]:
    """Even steps from the first to the last value that one would expect."""
    base = column.base_type
    if base in ("smallint", "integer", "bigint") and rows >= 2:
        limit = {"smallint": 2**15, "integer": 2**31}.get(base, 2**63) - 1
        last = min(rows, limit)
        steps = min(_BINS, int(last) - 1)
        return tuple(str(round(1 + (last - 1) * n / steps)) for n in range(steps + 1))
    if base.startswith(("timestamp", "date")):
        first = today - timedelta(days=_HISTORY_DAYS)
        days = (first + timedelta(days=_HISTORY_DAYS) * n / _BINS for n in range(_BINS + 1))
        form = "%Y-%m-%d" if base == "date" else "%Y-%m-%d %H:%M:%S"
        zone = "+00" if base.endswith("with time zone") else ""
        return tuple(day.strftime(form) + zone for day in days)
    return ()


def _vocabulary(column: Column, nulls: float, words: tuple[str, ...]) -> ColumnStatistics:
    """A column of a known set of values: its default is the most frequent."""
    usual = _default(column)
    if column.base_type == "boolean" and usual is None:
        usual = "f" if _FLAG_RARE.search(column.name.lower()) else None
    if usual in words:
        ordered = (usual, *(word for word in words if word != usual))
        rest = 0.4 / (len(words) - 1) if len(words) > 1 else 0.0
        shares = (0.6 if rest else 1.0, *(rest for _ in words[1:]))
        if column.base_type == "boolean":
            shares = (0.9, 0.1)
    else:
        ordered, shares = words, tuple(1 / len(words) for _ in words)
    return ColumnStatistics(
        type=column.plain_type,
        null_fraction=nulls,
        width=_width(column),
        distinct=float(len(words)),
        common_values=ordered,
        common_frequencies=tuple(round(each * (1 - nulls), 6) for each in shares),
        correlation=0.2,
    )


def _words(column: Column, entry: TableEntry) -> tuple[str, ...]:
    """The values that an enumeration or a check constraint allows."""
    if column.labels:
        return column.labels
    if not _is_text(column):
        return ()
    mention = re.compile(rf'(?<![\w"])"?{re.escape(column.name)}"?(?![\w"])')
    for check in entry.checks:
        if mention.search(check) and ("= ANY" in check or check.count(" = ") >= 1):
            found = tuple(dict.fromkeys(each.replace("''", "'") for each in _ANY_OF.findall(check)))
            if len(found) > 1:
                return found
    return ()


def _default(column: Column) -> str | None:
    if column.default is None:
        return None
    if column.default in ("true", "false"):
        return column.default[0]
    found = _DEFAULT.match(column.default)
    return found.group(1).replace("''", "'") if found else None


def _nulls(column: Column) -> float:
    if column.not_null:
        return 0.0
    return 0.9 if _RARELY_SET.search(column.name.lower()) else 0.1


def _is_text(column: Column) -> bool:
    return column.base_type in ("text", "character varying", "character", "citext", "uuid")


def _width(column: Column) -> int:
    if column.length > 0:
        return column.length
    base, name = column.base_type, column.name.lower()
    if column.labels:
        return 4
    if base in ("json", "jsonb"):
        return 120
    if base == "tsvector":
        return 200
    if base in ("numeric",):
        return 6
    if base in ("text", "character varying", "character", "citext"):
        declared = re.search(r"\((\d+)\)", column.type)
        limit = int(declared.group(1)) if declared else 10_000
        if re.search(r"body|content|text|description|message|comment|notes?$|bio|html", name):
            return min(limit, 200)
        return min(limit, 10 if _FEW.search(name) or _SOME.search(name) else 20)
    return 32
