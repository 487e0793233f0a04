"""What a database holds, counted in one snapshot: at backup time and again at a drill."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from querysafe.backup.manifest import Content

if TYPE_CHECKING:
    import psycopg

HASHED_BELOW = 256 * 2**20
"""Bytes of a database up to which the rows are hashed without being asked: 7 CPU-s per GB."""
_SESSION = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "iso_8601",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "3",
    "lc_monetary": "C",
    "row_security": "off",
    "search_path": "pg_catalog",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "xmloption": "content",
}
"""What decides how a value is written as text, and so its hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What was counted."""

    contents: tuple[Content, ...]
    sequences: Mapping[str, int | None]
    large_objects: int


@lru_cache
def query(name: str) -> str:
    """The text of ``sql/<name>.sql``."""
    return files("querysafe.backup").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def settle(connection: "psycopg.Connection[Any]") -> None:
    """Give a session the settings under which equal rows have equal hashes."""
    for name, value in _SESSION.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))


def tables(connection: "psycopg.Connection[Any]") -> Sequence[tuple[str, int, bool]]:
    """Name and size in bytes of each table, and whether it is an unlogged one of a standby,
    which nobody can read.
    """
    return connection.execute(query("tables")).fetchall()


def take(
    connection: "psycopg.Connection[Any]",
    *,
    hashed: bool,
    progress: Callable[[str], None] | None = None,
) -> Snapshot:
    """Count the rows of every table, and hash them when asked, in the transaction that is open.

    A hash is the sum of ``hashtextextended`` over each row's text, so that the order of
    rows does not matter and every type has one.
    """
    contents: list[Content] = []
    for name, _, is_out_of_reach in tables(connection):
        if progress is not None:
            progress(name)
        contents.append(
            Content(table=name, rows=0, hash="0" if hashed else None)
            if is_out_of_reach
            else _content(connection, name, hashed=hashed)
        )
    sequences = dict(connection.execute(query("sequences")).fetchall())
    objects = connection.execute("SELECT count(*) FROM pg_largeobject_metadata").fetchone()
    assert objects is not None
    return Snapshot(contents=tuple(contents), sequences=sequences, large_objects=objects[0])


def _content(connection: "psycopg.Connection[Any]", name: str, *, hashed: bool) -> Content:
    # The name was quoted by the server's own format('%I.%I').
    from psycopg import sql

    summed = (
        "coalesce(sum(hashtextextended(ROW(counted.*)::text, 0)::numeric), 0)::text"
        if hashed
        else "NULL"
    )
    row = connection.execute(
        sql.SQL(f"SELECT count(*), {summed} FROM ONLY {name} AS counted")  # noqa: S608
    ).fetchone()
    assert row is not None
    return Content(table=name, rows=row[0], hash=row[1])


def differences(expected: Snapshot, found: Snapshot) -> tuple[str, ...]:
    """How a restored database differs from its backup, a line for each difference."""
    lines: list[str] = []
    there = {each.table: each for each in found.contents}
    for each in expected.contents:
        other = there.pop(each.table, None)
        if other is None:
            lines.append(f"{each.table} is missing")
        elif other.rows != each.rows:
            lines.append(f"{each.table} has {other.rows} rows instead of {each.rows}")
        elif each.hash is not None and other.hash is not None and other.hash != each.hash:
            lines.append(f"{each.table} has other contents in its {each.rows} rows")
    lines += [f"{name} was not in the backup" for name in there]
    for name, value in expected.sequences.items():
        now = found.sequences.get(name)
        if name not in found.sequences:
            lines.append(f"the sequence {name} is missing")
        elif value is not None and (now is None or now < value):
            lines.append(f"the sequence {name} stands at {now}, behind {value}")
    if found.large_objects != expected.large_objects:
        lines.append(f"{found.large_objects} large objects instead of {expected.large_objects}")
    return tuple(lines)
