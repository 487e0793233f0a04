"""Two workloads, each with a production database and a small one as CI has it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from querysafe.postgres import Cluster
from tests.integration.advice.material import helpdesk_queries, web_queries

MATERIAL = Path(__file__).resolve().parents[3] / "integration" / "advice" / "material"
SAMPLE = 60
"""Rows of each table of the small database."""
Lines = Sequence[tuple[int, str, list[list[object]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One workload over one schema."""

    name: str
    count: int
    """What ``{n}`` stands for in the file of its rows."""
    reads: Lines
    traps: Lines
    lines: Callable[[], Iterator[Mapping[str, Any]]]

    @property
    def expert(self) -> list[str]:
        """The indexes that an expert builds."""
        return _statements((MATERIAL / f"{self.name}_expert.sql").read_text())

    def production(self, cluster: Cluster, count: int) -> str:
        """The database with all its rows, made once; its URL."""
        name = f"{self.name}_production_{count}"
        database = cluster.database(name)
        if not _exists(cluster, name):
            cluster.create_database(name)
            with psycopg.connect(database.dsn, autocommit=True) as connection:
                connection.execute("CREATE EXTENSION pg_trgm")
                rows = (MATERIAL / f"{self.name}_rows.sql").read_text().replace("{n}", str(count))
                schema = (MATERIAL / f"{self.name}_schema.sql").read_text()
                connection.execute("SET session_replication_role = replica")
                for statement in (*_statements(schema), *_statements(rows), "VACUUM ANALYZE"):
                    connection.execute(statement.encode())
        return database.dsn

    def small(self, cluster: Cluster, production: str) -> str:
        """The same schema with the first rows of each table; its URL."""
        name = f"{self.name}_small"
        cluster.drop_database(name)
        database = cluster.create_database(name)
        with (
            psycopg.connect(production, autocommit=True) as source,
            psycopg.connect(database.dsn, autocommit=True) as target,
        ):
            target.execute((MATERIAL / f"{self.name}_schema.sql").read_bytes())
            target.execute("SET session_replication_role = replica")
            for table, columns in target.execute(
                "SELECT a.attrelid::regclass::text, string_agg(quote_ident(attname), ', ') "
                "FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = attrelid "
                "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0 "
                "AND attgenerated = '' GROUP BY 1"
            ).fetchall():
                rows = f"COPY (SELECT {columns} FROM {table} LIMIT {SAMPLE}) TO STDOUT"
                with (
                    source.cursor().copy(rows.encode()) as out,
                    target.cursor().copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as into,
                ):
                    for block in out:
                        into.write(block)
        return database.dsn

    def rows(self, production: str) -> str:
        """Every table's rows, in the words of ``--rows``."""
        with psycopg.connect(production, autocommit=True) as connection:
            found = connection.execute(
                "SELECT relname, reltuples::bigint FROM pg_class "
                "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
            ).fetchall()
        return ",".join(f"{name}={count}" for name, count in found)


def _statements(text: str) -> list[str]:
    lines = (line for line in text.splitlines() if not line.startswith("--"))
    return [each.strip() for each in "\n".join(lines).split(";\n") if each.strip(";\n ")]


def _exists(cluster: Cluster, name: str) -> bool:
    with psycopg.connect(cluster.database().dsn, autocommit=True) as connection:
        asked = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        return asked.fetchone() is not None


SCENES = (
    Scene(
        name="web",
        count=400_000,
        reads=web_queries.READS,
        traps=web_queries.TRAPS,
        lines=web_queries.lines,
    ),
    Scene(
        name="helpdesk",
        count=300_000,
        reads=helpdesk_queries.READS,
        traps=helpdesk_queries.TRAPS,
        lines=helpdesk_queries.lines,
    ),
)
