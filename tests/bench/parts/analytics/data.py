"""The databases: generated once for a server, with primary keys and nothing else."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from querysafe.postgres import Cluster

GENERATOR = "duckdb==1.0.0"
"""The last releases whose wheels carry both extensions; newer ones fetch them."""
BARE = "-bare"
KEYS = {
    "tpch": {
        "lineitem": "l_orderkey, l_linenumber",
        "partsupp": "ps_partkey, ps_suppkey",
        "nation": "n_nationkey",
        "region": "r_regionkey",
        "part": "p_partkey",
        "supplier": "s_suppkey",
        "customer": "c_custkey",
        "orders": "o_orderkey",
    },
    "tpcds": {
        "catalog_returns": "cr_item_sk, cr_order_number",
        "catalog_sales": "cs_item_sk, cs_order_number",
        "inventory": "inv_date_sk, inv_item_sk, inv_warehouse_sk",
        "store_returns": "sr_item_sk, sr_ticket_number",
        "store_sales": "ss_item_sk, ss_ticket_number",
        "web_returns": "wr_item_sk, wr_order_number",
        "web_sales": "ws_item_sk, ws_order_number",
    },
}
"""Primary keys; of the other tables of TPC-DS it is the first column."""
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Analytics:
    """One of the two at one scale."""

    name: str
    """Of its database."""
    url: str
    queries: Sequence[str]

    def without_indexes(self) -> None:
        """Take away what :class:`Built` left, so that the next adviser finds none."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for (name,) in connection.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'i' AND relname LIKE 'bench\\_%'"
            ).fetchall():
                connection.execute(f"DROP INDEX {name}".encode())


def analytics(
    name: str, scale: str, cluster: Cluster, root: Path, progress: Callable[[str], None]
) -> Analytics:
    """Make the database, or find it where an earlier run of the same server made it.

    ``tpch-bare`` is TPC-H without a key, as advisers that drop all indexes first are measured.
    """
    if name.endswith(BARE):
        whole = analytics(name.removesuffix(BARE), scale, cluster, root, progress)
        return _bare(name, scale, whole, cluster)
    database = cluster.database(f"{name}_{scale.replace('.', '_')}")
    with psycopg.connect(cluster.database().dsn, autocommit=True) as connection:
        there = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", (database.name,)
        ).fetchone()
    if there is not None:
        with psycopg.connect(database.dsn) as connection:
            found = connection.execute("SELECT sql FROM bench.query ORDER BY number").fetchall()
        return Analytics(name=database.name, url=database.dsn, queries=[sql for (sql,) in found])
    progress(f"{name}: rows of scale {scale} are made …")
    with tempfile.TemporaryDirectory(prefix="querysafe-bench-") as folder:
        script = Path(__file__).with_name("generate.py")
        subprocess.run([_python(root), script, name, scale, folder], check=True)
        cluster.create_database(database.name)
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            _load(connection, name, Path(folder))
        queries: list[str] = json.loads((Path(folder) / "queries.json").read_text())
    with psycopg.connect(database.dsn) as connection:
        connection.execute("CREATE SCHEMA bench")
        connection.execute("CREATE TABLE bench.query (number int, sql text)")
        connection.cursor().executemany(
            "INSERT INTO bench.query VALUES (%s, %s)", list(enumerate(queries))
        )
    return Analytics(name=database.name, url=database.dsn, queries=queries)


def _bare(name: str, scale: str, whole: Analytics, cluster: Cluster) -> Analytics:
    own = f"{name}_{scale.replace('.', '_')}".replace("-", "_")
    cluster.drop_database(own)
    database = cluster.create_database(own, template=whole.name)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for table in KEYS[name.removesuffix(BARE)]:
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey".encode())
    return Analytics(name=own, url=database.dsn, queries=whole.queries)


def _load(connection: psycopg.Connection[tuple[object, ...]], name: str, folder: Path) -> None:
    tables: dict[str, list[tuple[str, str]]] = json.loads((folder / "tables.json").read_text())
    connection.execute("CREATE EXTENSION pg_trgm")  # indexes that are advised may need it
    for table, columns in tables.items():
        made = ", ".join(f"{column} {type_}" for column, type_ in columns)
        connection.execute(f"CREATE TABLE {table} ({made})".encode())
        with (
            (folder / f"{table}.csv").open("rb") as file,
            connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT csv)".encode()) as into,
        ):
            while block := file.read(_BLOCK):
                into.write(block)
        key = KEYS[name].get(table, columns[0][0])
        connection.execute(f"ALTER TABLE {table} ADD PRIMARY KEY ({key})".encode())
    connection.execute("VACUUM ANALYZE")


def _python(root: Path) -> Path:
    """The Python of an environment with the generator, made on first use."""
    folder = root / ".venv-bench-analytics"
    python = folder / "bin" / "python"
    stamp = folder / ".installed"
    if not stamp.exists() or stamp.read_text() != GENERATOR:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", GENERATOR], check=True)
        stamp.write_text(GENERATOR)
    return python
