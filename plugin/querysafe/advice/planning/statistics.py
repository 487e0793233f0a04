"""Planner statistics as values, and their file.

The numbers are those of ``pg_class`` and ``pg_stats``; the manual's chapter "Statistics Used by
the Planner" explains them: https://www.postgresql.org/docs/current/view-pg-stats.html.
"""

import json
import math
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from querysafe.advice.index import Table
from querysafe.advice.planning.errors import StatisticsError

FORMAT = 1
"""Of the file; a newer one is refused."""
_MOST_PAGES = 2**32 - 2
"""``MaxBlockNumber``: what a relation of PostgreSQL ends at."""
_EXPORT = "write one with `querysafe advise stats export --database URL --output FILE`"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnStatistics:
    """One row of ``pg_stats``. Values are spelled as PostgreSQL writes them."""

    type: str
    null_fraction: float
    width: int
    """Average bytes of a value."""
    distinct: float
    """As ``n_distinct``: a count, or negative, a share of the rows."""
    common_values: tuple[str, ...] = ()
    """Empty when withheld: then the frequencies may still be there."""
    common_frequencies: tuple[float, ...] = ()
    bounds: tuple[str, ...] = ()
    """Of the histogram."""
    correlation: float | None = None
    elements: tuple[str, ...] = ()
    element_frequencies: tuple[float, ...] = ()
    element_counts: tuple[float, ...] = ()
    range_lengths: tuple[str, ...] = ()
    range_empty: float | None = None
    range_bounds: tuple[str, ...] = ()
    withheld: bool = False
    """Whether values were left out so that nobody sees them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStatistics:
    """An index: its size, its use, and the statistics of its expressions."""

    pages: int
    rows: float
    definition: str = ""
    """What follows the name in ``CREATE INDEX``: an index may have another name elsewhere."""
    scans: int | None = None
    columns: Mapping[str, ColumnStatistics] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableStatistics:
    """A table: its size, its changes, and the statistics of its columns."""

    pages: int
    rows: float
    """-1 when the table was never analysed."""
    visible_pages: int = 0
    writes: float | None = None
    """Rows inserted, updated and deleted since the server's counters were reset."""
    columns: Mapping[str, ColumnStatistics] = field(default_factory=dict)
    inherited: Mapping[str, ColumnStatistics] = field(default_factory=dict)
    """The same over a table together with its partitions or children."""
    indexes: Mapping[str, IndexStatistics] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What the planner of one database knows."""

    version: int
    """``server_version_num`` of the server they are from."""
    taken: str = ""
    """The day, as in ``2026-11-25``."""
    counted_since: str = ""
    """The day on which the counters of use were reset; empty when they never were."""
    values: str = "all"
    """``all``, ``few`` (text only of columns with few distinct values) or ``none``."""
    collation: str = ""
    """``datcollate`` of the database; ``C`` lets a plain B-tree serve ``LIKE 'x%'``."""
    settings: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[Table, TableStatistics] = field(default_factory=dict)
    unreadable: tuple[Table, ...] = ()
    """Tables whose columns the exporting role may not see."""


def save(statistics: Statistics, path: Path) -> None:
    """Write a statistics file at once, or not at all. Raises :class:`StatisticsError`."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        beside.write_text(dumps(statistics), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StatisticsError(
            f'"{path}" cannot be written: {os.strerror(error.errno or 0)}'
        ) from None


def load(path: Path) -> Statistics:
    """Read a statistics file. Raises :class:`StatisticsError` saying what is wrong with it."""
    try:
        return loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StatisticsError(f'"{path}" cannot be read: {os.strerror(error.errno or 0)}') from None
    except UnicodeDecodeError:
        raise _foreign(path) from None
    except StatisticsError as error:
        raise StatisticsError(f'"{path}": {error.message}', hint=error.hint) from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise _foreign(path) from None


def dumps(statistics: Statistics) -> str:
    """The text of a statistics file: sorted, so that version control shows what changed."""
    content = _plain(statistics)
    content["tables"] = {
        _name(table): _with(
            each,
            columns=_all(each.columns),
            inherited=_all(each.inherited),
            indexes={
                name: _with(one, columns=_all(one.columns)) for name, one in each.indexes.items()
            },
        )
        for table, each in statistics.tables.items()
    }
    content["unreadable"] = sorted(_name(table) for table in statistics.unreadable)
    whole = {"querysafe_statistics": FORMAT, **content}
    return _rendered(whole, "") + "\n"


def loads(text: str) -> Statistics:
    """The statistics of a file's text. Raises :class:`StatisticsError` or ``ValueError`` and kin."""
    content = json.loads(text)
    found = content["querysafe_statistics"]
    if found != FORMAT:
        raise StatisticsError(
            f"the file has format {found!r}, this version of querysafe reads {FORMAT}",
            hint="install the version of querysafe that wrote it, or export it again",
        )
    tables = {}
    for name, each in content["tables"].items():
        made = {
            **_known(TableStatistics, each),
            "columns": _columns(each.get("columns", {})),
            "inherited": _columns(each.get("inherited", {})),
            "indexes": {
                key: IndexStatistics(
                    **{
                        **_known(IndexStatistics, one),
                        "columns": _columns(one.get("columns", {})),
                    }
                )
                for key, one in each.get("indexes", {}).items()
            },
        }
        tables[_table(name)] = TableStatistics(**made)
    whole = _known(Statistics, content)
    whole["tables"] = tables
    whole["unreadable"] = tuple(_table(each) for each in content.get("unreadable", ()))
    return Statistics(**whole)


def _rendered(value: Any, margin: str) -> str:
    """JSON with a key a line and a list on one line."""
    if not isinstance(value, Mapping) or not value:
        return json.dumps(value, ensure_ascii=False)
    inner = margin + " "
    lines = [
        f"{inner}{json.dumps(name, ensure_ascii=False)}: {_rendered(each, inner)}"
        for name, each in sorted(value.items())
    ]
    return "{\n" + ",\n".join(lines) + f"\n{margin}}}"


def _columns(content: Mapping[str, Any]) -> dict[str, ColumnStatistics]:
    return {
        name: ColumnStatistics(**_known(ColumnStatistics, each)) for name, each in content.items()
    }


def _known(kind: Any, content: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a class that a file has; lists become tuples.

    Raises :class:`StatisticsError` for a value of another type or out of its range.
    """
    known = {each.name: each.type for each in fields(kind)}
    found = {name: value for name, value in content.items() if name in known}
    for name, value in found.items():
        if not _fits(known[name], value) or (name == "pages" and not 0 <= value <= _MOST_PAGES):
            raise StatisticsError(
                f"{name} is {json.dumps(value, ensure_ascii=False)[:40]}", hint=_EXPORT
            )
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in found.items()
    }


def _fits(kind: Any, value: Any) -> bool:
    """Whether a value of JSON is of the type of a field; one with tables in it is read elsewhere."""
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        return isinstance(value, list) and (
            inner is Table or all(_fits(inner, each) for each in value)
        )
    if get_origin(kind) is UnionType:
        return any(_fits(each, value) for each in get_args(kind))
    if get_origin(kind) is Mapping:
        return isinstance(value, Mapping)
    if isinstance(value, bool):
        return kind is bool
    if kind is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, kind)


def _plain(value: Any) -> dict[str, Any]:
    """The fields of a value that are not what they are by default."""
    found = {}
    for each in fields(value):
        content = getattr(value, each.name)
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        if content != default:
            found[each.name] = list(content) if isinstance(content, tuple) else content
    return found


def _with(value: Any, **parts: Mapping[str, Any]) -> dict[str, Any]:
    """The plain fields of a value with parts of it in their place, but for empty ones."""
    plain = {name: each for name, each in _plain(value).items() if name not in parts}
    return plain | {name: each for name, each in parts.items() if each}


def _all(columns: Mapping[str, ColumnStatistics]) -> dict[str, Any]:
    return {name: _plain(each) for name, each in columns.items()}


def _name(table: Table) -> str:
    """``schema.table``; a backslash stands before a dot or a backslash within either."""
    return ".".join(re.sub(r"([.\\])", r"\\\1", each) for each in (table.schema, table.name))


def _table(name: str) -> Table:
    schema, table = (
        re.sub(r"\\(.)", r"\1", each, flags=re.DOTALL)
        for each in re.findall(r"(?:\\.|[^.\\])+", name, re.DOTALL)
    )
    return Table(schema, table)


def _foreign(path: Path) -> StatisticsError:
    return StatisticsError(f'"{path}" is no statistics file', hint=_EXPORT)
