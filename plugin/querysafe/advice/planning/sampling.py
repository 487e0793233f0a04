"""Statistics of an expression from a sample of a database's own rows, or from a name in it;
how often the keys of an index repeat.

No value leaves the server: it counts them, and tells how many, how different and how long.
"""

import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from querysafe.advice.index import Table
from querysafe.advice.planning.catalog import Column, TableEntry
from querysafe.advice.planning.counting import ENOUGH, Counted, Half
from querysafe.advice.planning.guessing import spread
from querysafe.advice.planning.statistics import ColumnStatistics

if TYPE_CHECKING:
    from psycopg import Connection

    from querysafe.postgres.target import Target

ROWS = 3000
"""Rows of a sample."""
_ENOUGH = 10
"""Rows from which a sample says more than a name."""
_MILLISECONDS = 2000
_BLOCKS = 300
"""Blocks of a big table in which they are looked for."""
_COUNTED_BLOCKS, _SECONDS = 300, 4.0
"""Blocks in which keys are counted, and how long all counts may take together."""
_SPLIT = {
    "tsvector": "SELECT unnest(tsvector_to_array(v)) AS x, half FROM s",
    "jsonb": "SELECT key || ':' || coalesce(value, '') AS x, half FROM s, "
    "jsonb_each_text(CASE jsonb_typeof(v) WHEN 'object' THEN v END)",
    "array": "SELECT unnest(v)::text AS x, half FROM s",
}
_LITERAL = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """What a sample of rows was split into."""

    rows: float
    seen: float
    different: float
    once: float
    once_in_half: float
    """Those that occur once in every other row of the sample."""
    width: float
    """Average bytes of an element."""

    def of(self, rows: float) -> tuple[float, float]:
        """Elements of so many rows, and how many different ones are among them.

        Rare ones become more as they did from half of the sample to the whole: all when each
        row has its own, by the root or so in a language (H. S. Heaps, 1978), none when all are seen.
        """
        times = max(1.0, rows / self.rows)
        growth = (
            math.log2(self.once / self.once_in_half) if self.once and self.once_in_half else 0.0
        )
        rare = self.once * times ** min(1.0, max(0.0, growth))
        every = self.seen / self.rows * rows
        return every, min(every, self.different - self.once + rare)


class Sampling:
    """Asks the source, read-only and for two seconds at most, once an expression."""

    def __init__(self, source: "Target") -> None:
        self._source = source
        self._connection: Connection[Any] | None = None
        self._sizes: dict[Table, float] = {}
        self._counted_keys: dict[tuple[Table, frozenset[str], str], Counted | None] = {}
        self._left = _SECONDS

    def close(self) -> None:
        """End the connection, if there ever was one."""
        if self._connection is not None:
            self._connection.close()

    def __call__(self, entry: TableEntry, expression: str, rows: float) -> ColumnStatistics | None:
        """Statistics of a text that an expression gives; None where nothing is known of it."""
        import psycopg

        try:
            found = self._counted(entry, expression)
        except psycopg.Error:
            found = None
        if found is None or found[0] < _ENOUGH or found[0] == found[1]:
            return _named(expression, rows)
        seen, nulls, different, once, width = found
        return ColumnStatistics(
            type="text",
            null_fraction=nulls / seen,
            width=max(1, round(width)),
            distinct=_share(seen - nulls, different, once, rows * (1 - nulls / seen), rows),
        )

    def elements(self, entry: TableEntry, target: str, kind: str) -> Elements | None:
        """Into what a GIN index splits the values of a key; None where no row tells.

        ``kind`` is ``tsvector``, ``jsonb`` (a path with its value is an element) or ``array``.
        """
        import psycopg

        sample = (
            f"SELECT {target} AS v, row_number() OVER () % 2 AS half FROM {self._sample(entry)}"  # noqa: S608
        )
        try:
            row = self._connected.execute(
                f"WITH s AS MATERIALIZED ({sample}), e AS ({_SPLIT[kind]}), "  # noqa: S608
                "g AS (SELECT x, count(*) AS n, sum(half) AS h FROM e GROUP BY x) "
                "SELECT (SELECT count(*) FROM s)::float8, coalesce(sum(n), 0)::float8, "
                "count(*)::float8, (count(*) FILTER (WHERE n = 1))::float8, "
                "(count(*) FILTER (WHERE h = 1))::float8, "
                "coalesce(avg(octet_length(x)), 0)::float8 FROM g".encode()
            ).fetchone()
        except psycopg.Error:
            return None
        if row is None or row[0] < _ENOUGH or row[1] == 0:
            return None
        rows, seen, different, once, half, width = row
        return Elements(
            rows=rows, seen=seen, different=different, once=once, once_in_half=half, width=width
        )

    def keys(
        self, entry: TableEntry, keys: Sequence[str], where: str, pages: int
    ) -> Counted | None:
        """How many rows a predicate leaves, and how often keys repeat; None where that is not
        known: the table must be as big as it is said to be, half of ``pages`` at least.
        """
        import psycopg

        asked = (entry.table, frozenset(keys), where)
        if asked not in self._counted_keys:
            found = None
            begun = time.monotonic()
            try:
                if entry.kind in "rm" and self._left > 0 and self._blocks(entry.table) * 2 > pages:
                    found = self._count(entry, keys, where)
            except psycopg.Error:
                found = None
            self._left -= time.monotonic() - begun
            self._counted_keys[asked] = found
        return self._counted_keys[asked]

    def _count(self, entry: TableEntry, keys: Sequence[str], where: str) -> Counted | None:
        """The same blocks each time, so that the same advice is given again."""
        blocks = self._blocks(entry.table)
        some = (
            f"TABLESAMPLE SYSTEM ({100 * _COUNTED_BLOCKS / blocks:.6f}) REPEATABLE (1)"
            if blocks > _COUNTED_BLOCKS
            else ""
        )
        named = ", ".join(f"({key}) AS k{at}" for at, key in enumerate(keys))
        every = ", ".join(f"k{at}" for at in range(len(keys)))
        row = self._connected.execute(
            f"WITH s AS MATERIALIZED (SELECT ((ctid::text::point)[0])::bigint AS b, {named}, "  # noqa: S608
            f"({where or 'true'}) IS TRUE AS held FROM ONLY {entry.table} {some}), "
            f"p AS (SELECT b, {every} FROM s WHERE held GROUP BY b, {every}), "
            "g AS (SELECT count(*) AS n, count(*) FILTER (WHERE b % 2 = 0) AS h "
            f"FROM p GROUP BY {every}) "
            "SELECT (SELECT count(*) FROM s)::float8, (SELECT count(*) FROM s WHERE held)::float8, "
            "coalesce(sum(n), 0)::float8, count(*)::float8, (count(*) FILTER (WHERE n = 1))::float8, "
            "coalesce(sum(h), 0)::float8, (count(*) FILTER (WHERE h > 0))::float8, "
            "(count(*) FILTER (WHERE h = 1))::float8 FROM g".encode()
        ).fetchone()
        if row is None or row[1] < ENOUGH:
            return None
        return Counted(
            rows=row[0],
            held=row[1],
            whole=Half(seen=row[2], different=row[3], once=row[4]),
            half=Half(seen=row[5], different=row[6], once=row[7]),
        )

    def _counted(self, entry: TableEntry, expression: str) -> tuple[float, ...] | None:
        return self._connected.execute(
            f"WITH s AS (SELECT ({expression})::text AS e FROM {self._sample(entry)}), "  # noqa: S608
            "g AS (SELECT e, count(*) AS n FROM s GROUP BY e) "
            "SELECT coalesce(sum(n), 0)::float8, coalesce(sum(n) FILTER (WHERE e IS NULL), 0)::float8, "
            "count(e)::float8, (count(e) FILTER (WHERE n = 1))::float8, "
            "coalesce(sum(n * octet_length(e)) / sum(n) FILTER (WHERE e IS NOT NULL), 1)::float8 "
            "FROM g".encode()
        ).fetchone()

    @property
    def _connected(self) -> "Connection[Any]":
        if self._connection is None:
            self._connection = self._source.connect(autocommit=True)
            self._connection.execute("SET default_transaction_read_only = on")
            self._connection.execute(f"SET statement_timeout = {_MILLISECONDS}")
        return self._connection

    def _sample(self, entry: TableEntry) -> str:
        """A table in FROM: some of its blocks when it is big, with a limit."""
        blocks = self._blocks(entry.table)
        if entry.kind != "r" or blocks <= _BLOCKS:
            return f"{entry.table} LIMIT {ROWS}"
        return f"{entry.table} TABLESAMPLE SYSTEM ({100 * _BLOCKS / blocks:.6f}) LIMIT {ROWS}"

    def _blocks(self, table: Table) -> float:
        if table not in self._sizes:
            row = self._connected.execute(
                "SELECT pg_relation_size(%s::regclass) / 8192.0::float8", (str(table),)
            ).fetchone()
            self._sizes[table] = float(row[0]) if row else 0.0
        return self._sizes[table]


def _share(seen: float, different: float, once: float, present: float, rows: float) -> float:
    """As ``n_distinct``: a number, or less than zero for values that never repeat. By the
    estimator that ANALYZE uses (P. J. Haas, L. Stokes, "Estimating the number of classes in a
    finite population", 1998: Duj1).
    """
    if once >= seen:
        return -present / rows if rows > 0 else -1.0
    if once == 0:
        return different
    estimated = seen * different / (seen - once + once * seen / max(present, seen))
    return max(different, min(present, estimated))


def _named(expression: str, rows: float) -> ColumnStatistics | None:
    """What the last name in ``data ->> 'order_no'`` says, as the name of a column would."""
    names = _LITERAL.findall(expression)
    if "->>" not in expression or not names:
        return None
    return spread(
        Column(
            name=names[-1],
            number=0,
            type="text",
            plain_type="text",
            base_type="text",
            sort="b",
            length=-1,
            not_null=False,
        ),
        rows,
    )
