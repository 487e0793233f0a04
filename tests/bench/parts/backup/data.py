"""The database that is backed up: about 1.2 GB, of rows that compress well and of some that do not."""

import subprocess
from pathlib import Path

import psycopg

from querysafe.postgres import Cluster, Database

_TABLES = """
CREATE TABLE wide AS
  SELECT n AS id, repeat(md5(n::text) || ' ', 8) || md5((n * 7)::text) AS story,
         now() - n * interval '1 second' AS told
    FROM generate_series(1, {wide}) AS n;
ALTER TABLE wide ADD PRIMARY KEY (id);
CREATE TABLE document AS
  SELECT n AS id, jsonb_build_object('name', md5(n::text), 'size', n % 100,
         'tags', jsonb_build_array(md5((n % 977)::text), md5((n % 31)::text))) AS body
    FROM generate_series(1, {documents}) AS n;
CREATE INDEX document_body ON document USING gin (body);
CREATE TABLE picture AS
  SELECT n AS id, (SELECT string_agg(sha512((n * 64 + k)::text::bytea), ''::bytea)
                     FROM generate_series(1, 64) AS k) AS bytes
    FROM generate_series(1, {pictures}) AS n;
"""


def build(cluster: Cluster, *, quick: bool) -> Database:
    """Create and fill a database; ``quick`` makes it a tenth of the size."""
    database = cluster.create_database("bench")
    fraction = 10 if quick else 1
    subprocess.run(
        [
            Path(cluster.bin_directory) / "pgbench",
            "--initialize",
            "--init-steps=dtGvp",
            f"--scale={50 // fraction}",
            database.dsn,
        ],
        check=True,
        capture_output=True,
    )
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for statement in _TABLES.split(";"):
            if statement.strip():
                connection.execute(
                    statement.format(
                        wide=200_000 // fraction,
                        documents=200_000 // fraction,
                        pictures=25_000 // fraction,
                    ).encode()
                )
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
    return database


def change(database: Database, transactions: int) -> None:
    """Run the transactions of pgbench."""
    subprocess.run(
        [
            Path(database.cluster.bin_directory) / "pgbench",
            "--no-vacuum",
            f"--transactions={transactions}",
            database.dsn,
        ],
        check=True,
        capture_output=True,
    )


def size_bytes(database: Database) -> int:
    """What the database takes on disk."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    return int(row[0])
