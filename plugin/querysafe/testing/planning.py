"""Asks for the plans of a test's queries when the test is over, on a connection of our own."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from querysafe.advice.declared import declared_rows
from querysafe.advice.usable import WholeRead, shape, whole_reads
from querysafe.analysis.rules.plans import NO_INDEX
from querysafe.errors import QuerysafeError, SettingsError
from querysafe.finding import Finding
from querysafe.query import CapturedQuery, Kind
from querysafe.recording import Recording
from querysafe.settings import Settings
from querysafe.testing.arrival import Arrival

if TYPE_CHECKING:
    from sqlalchemy import URL

_ASIDE = (Kind.TRANSACTION, Kind.OTHER, Kind.INSERT)
_ADDRESSES = 8
_PREPARED = """
SET enable_seqscan = off; SET lock_timeout = '2s'; SET statement_timeout = '10s';
SET default_transaction_read_only = on
"""
_INDEXES = """
SELECT md5(coalesce(string_agg(pg_get_indexdef(indexrelid) || indisvalid, ',' ORDER BY indexrelid), ''))
FROM pg_index WHERE indrelid >= 16384
"""
_Plan = tuple[str, tuple[WholeRead, ...]]
"""The shape of a plan, and what it reads whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What the plans of one test say."""

    findings: tuple[Finding, ...]
    shapes: Mapping[str, str]
    """Fingerprint to the shape of its plan."""
    texts: Mapping[str, str]
    """Fingerprint to a statement of that shape."""


class Plans:
    """The plans of a run. A shape that was planned once is not planned again."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self._rows = known_rows(root, settings)
        self._addresses: dict[str, URL] = {}
        self._schemas: dict[str, str] = {}
        """Address to a digest of all indexes there."""
        self._known: dict[tuple[str, str], _Plan] = {}
        """By that digest and fingerprint."""
        self._refused: dict[str, str] = {}
        self.others: set[str] = set()
        """Dialects whose plans are not looked at."""
        self._arrival = Arrival("sqlalchemy", self._listen)
        if "sqlalchemy" in sys.modules:
            self._listen()
        else:
            self._arrival.wait()

    def look(self, nodeid: str, recording: Recording) -> "Planned":
        """Plan a test's queries, those whose shape was not planned before."""
        shapes: dict[str, CapturedQuery] = {}
        for query in recording:
            if query.context.phase != "call" or query.kind in _ASIDE or query.error:
                continue
            dialect = query.context.engine.partition("+")[0]
            if dialect != "postgresql":
                self.others.add(dialect)
            else:
                shapes.setdefault(query.fingerprint, query)
        changed = any(query.kind is Kind.OTHER for query in recording)
        plans: dict[str, _Plan] = {}
        for url in reversed(list(self._addresses.values())):
            left = [query for name, query in shapes.items() if name not in plans]
            if left:
                self._plan(url, left, plans, changed=changed)
        for name in shapes:
            if name in plans:
                self._refused.pop(name, None)
        known = {name: each for name, each in shapes.items() if name in plans}
        return Planned(
            findings=tuple(
                _finding(nodeid, query, recording, read)
                for name, query in known.items()
                for read in plans[name][1]
            ),
            shapes={name: plans[name][0] for name in known},
            texts={name: query.statement for name, query in known.items()},
        )

    def notes(self) -> Iterator[str]:
        """What the run has to say of plans that were not looked at, a line each."""
        for dialect in sorted(self.others):
            yield f"plans: queries of {dialect} have none that say anything of production"
        if self._refused:
            why = next(iter(self._refused.values()))
            yield f"plans: {len(self._refused)} statements could not be planned: {why}"
        if not any(count >= 1 for count in self._rows.values()):
            yield (
                "plans: no table is known to be big; give --querysafe-statistics, or declare "
                "[tool.querysafe.advice.rows]"
            )

    def leave(self) -> None:
        """Listen no longer."""
        self._arrival.leave()
        if "sqlalchemy" in sys.modules:
            from sqlalchemy import event
            from sqlalchemy.engine import Engine
            from sqlalchemy.exc import InvalidRequestError

            # Whoever never came to listen has nothing to remove.
            with suppress(InvalidRequestError):
                event.remove(Engine, "engine_connect", self._connected)

    def _listen(self) -> None:
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        event.listen(Engine, "engine_connect", self._connected)

    def _connected(self, connection: Any) -> None:
        """Know where the application connects to; the newest address comes first."""
        url = connection.engine.url
        if url.get_backend_name() == "postgresql":
            name = url.render_as_string(hide_password=False)
            self._addresses.pop(name, None)
            self._addresses[name] = url
            while len(self._addresses) > _ADDRESSES:
                self._addresses.pop(next(iter(self._addresses)))

    def _plan(
        self,
        url: "URL",
        queries: list[CapturedQuery],
        plans: dict[str, _Plan],
        *,
        changed: bool,
    ) -> None:
        """Plan in one database; where its indexes are as they were, what is known is taken."""
        from querysafe.postgres.target import Target

        name = url.render_as_string(hide_password=False)
        schema = None if changed else self._schemas.get(name)
        if schema is not None:
            queries = self._remembered(schema, queries, plans)
            if not queries:
                return
        try:
            plain = url.set(drivername="postgresql", query={})
            target = Target.parse(plain.render_as_string(hide_password=False))
            connection = target.connect(autocommit=True)
        except QuerysafeError as error:
            self._addresses.pop(name, None)
            for each in queries:
                self._refused.setdefault(each.fingerprint, error.message)
            return
        with connection:
            connection.execute(_PREPARED.encode())
            schema = str((connection.execute(_INDEXES).fetchone() or ("",))[0])
            self._schemas[name] = schema
            for query in self._remembered(schema, queries, plans):
                self._ask(connection, schema, query, plans)

    def _remembered(
        self, schema: str, queries: list[CapturedQuery], plans: dict[str, _Plan]
    ) -> list[CapturedQuery]:
        """Take what is known; return the queries of which nothing is."""
        left = []
        for query in queries:
            known = self._known.get((schema, query.fingerprint))
            if known is None:
                left.append(query)
            else:
                plans[query.fingerprint] = known
        return left

    def _ask(
        self, connection: Any, schema: str, query: CapturedQuery, plans: dict[str, _Plan]
    ) -> None:
        from querysafe.advice.planning.explaining import explain
        from querysafe.advice.sources.placeholders import sample

        content, why = explain(connection, sample(query))
        if content is None:
            self._refused.setdefault(query.fingerprint, why or "")
            return
        root: Mapping[str, Any] = json.loads(content)[0]["Plan"]
        plan = (shape(root), tuple(whole_reads(root, self._rows)))
        self._known[schema, query.fingerprint] = plans[query.fingerprint] = plan


def known_rows(root: Path, settings: Settings) -> dict[str, float]:
    """Rows by table: from the statistics file, then what is declared, then the option.

    Raises :class:`SettingsError` for a declaration that cannot be understood.
    """
    rows: dict[str, float] = {}
    if settings.statistics is not None:
        from querysafe.advice.planning.statistics import load

        for table, each in load(root / settings.statistics).tables.items():
            rows[f"{table.schema}.{table.name}"] = each.rows
    rows |= declared_rows(root / "pyproject.toml")
    for given in settings.rows:
        name, sign, count = given.partition("=")
        try:
            rows[name.strip()] = float(count.replace("_", ""))
        except ValueError:
            sign = ""
        if not sign:
            raise SettingsError(
                f'--querysafe-rows is "{given}"', hint="write orders=2000000, commas between"
            )
    return rows


def _finding(nodeid: str, query: CapturedQuery, recording: Recording, read: WholeRead) -> Finding:
    same = [
        each
        for each in recording
        if each.fingerprint == query.fingerprint and each.context.phase == "call"
    ]
    sites = dict.fromkeys(each.call_site for each in same if each.call_site is not None)
    return Finding(
        nodeid=nodeid,
        rule=NO_INDEX,
        label=read.label,
        count=sum(each.calls for each in same),
        message=f"no index of {read.table} ({read.rows:,.0f} rows) could serve {read.why}",
        call_sites=tuple(sites),
        advice="create one; `querysafe advise` says which serves the whole workload",
        statement=query.statement,
        fingerprint=query.fingerprint,
        seconds=sum(each.duration_seconds for each in same),
        queries=tuple(each.index for each in same),
    )
