"""What a set of indexes is worth: built for real on the production database, and planned with."""

import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from querysafe.advice.planning.explaining import explain, nodes
from querysafe.advice.workload import Sample
from tests.bench.parts.advice.scene import Lines

MB = 1_000_000
_CREATE = re.compile(r'CREATE (UNIQUE )?INDEX (?:CONCURRENTLY )?(?:"[^"]+"|\w+ )?\s*ON (\S+)')
_SWITCH = (
    "UPDATE pg_index SET indisvalid = (c.relname = ANY (%s)) FROM pg_class AS c "
    "WHERE c.oid = indexrelid AND c.relname LIKE 'bench\\_%%' "
    "AND indisvalid <> (c.relname = ANY (%s))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What indexes are worth for the statements of a workload that read."""

    mean: float
    """Geometric mean of how many times cheaper each became."""
    by_calls: float
    """The same, each statement as often as it is called."""
    megabytes: float
    twice: int
    """Statements at least twice as cheap."""
    unused: tuple[str, ...]
    """Indexes that no plan uses."""
    trapped: tuple[str, ...]
    """Indexes that the plan of a trap uses."""
    each: tuple[tuple[float, float], ...]
    """Cost of each statement before and after, the mean over its values."""


class Built:
    """Builds each index once and switches it on for the sets that have it."""

    def __init__(self, url: str, reads: Lines, traps: Lines) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("SET jit = off")
        self._reads, self._traps = reads, traps
        self._before: list[float] | None = None

    def close(self) -> None:
        """End the connection; the indexes stay for the next time."""
        self._connection.close()

    def score(self, indexes: Sequence[str], others: Lines = ()) -> Score:
        """Build what is missing and plan every statement without and with the indexes.

        ``others`` are statements whose plans count as a use of an index, and nothing else.
        """
        names = {self._made(each): each for each in indexes}
        if self._before is None:
            self._switch(())
            self._before = [self._cost(sql, sets)[0] for _, sql, sets in self._reads]
        self._switch(list(names))
        after, used = [], set()
        for _, sql, sets in self._reads:
            cost, found = self._cost(sql, sets)
            after.append(cost)
            used |= found
        trapped = set().union(*(self._cost(sql, sets)[1] for _, sql, sets in self._traps), set())
        for _, sql, sets in others:
            used |= self._cost(sql, sets)[1]
        self._switch(())  # whoever asks for advice next shall not find them
        gains = [math.log(b / a) for b, a in zip(self._before, after, strict=True)]
        calls = [float(count) for count, _, _ in self._reads]
        row = self._connection.execute(
            "SELECT coalesce(sum(pg_relation_size(oid)), 0)::float8 FROM pg_class "
            "WHERE relname = ANY (%s)",
            (list(names),),
        ).fetchone()
        assert row is not None
        return Score(
            mean=math.exp(sum(gains) / len(gains)),
            by_calls=math.exp(sum(g * c for g, c in zip(gains, calls, strict=True)) / sum(calls)),
            megabytes=float(row[0]) / MB,
            twice=sum(gain >= math.log(2) for gain in gains),
            unused=tuple(names[each] for each in sorted(set(names) - used)),
            trapped=tuple(names[each] for each in sorted(set(names) & trapped)),
            each=tuple(zip(self._before, after, strict=True)),
        )

    def _made(self, statement: str) -> str:
        found = _CREATE.match(statement)
        assert found is not None, statement
        rest = re.sub(r"\s+", " ", statement[found.start(2) :].rstrip(";"))
        name = "bench_" + hashlib.sha256(rest.encode()).hexdigest()[:20]
        asked = self._connection.execute("SELECT 1 FROM pg_class WHERE relname = %s", (name,))
        if asked.fetchone() is None:
            self._connection.execute(f"CREATE INDEX {name} ON {rest}".encode())
            if re.search(r"\(.*[(>]", rest):
                self._connection.execute(f"ANALYZE {found.group(2)}".encode())
        return name

    def _switch(self, names: Sequence[str]) -> None:
        self._connection.execute(_SWITCH, (list(names), list(names)))

    def _cost(self, sql: str, sets: Sequence[Sequence[object]]) -> tuple[float, set[str]]:
        costs, used = [], set[str]()
        for values in sets:
            content, why = explain(self._connection, Sample(sql, tuple(values)))
            assert content is not None, f"{why}: {sql}"
            root: dict[str, Any] = json.loads(content)[0]["Plan"]
            costs.append(float(root["Total Cost"]))
            used |= {node["Index Name"] for node in nodes(root) if "Index Name" in node}
        return sum(costs) / len(costs), used
