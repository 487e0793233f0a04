"""The server that advice is measured on: the embedded one, or another with HypoPG."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from querysafe.postgres import Cluster, server
from tests.bench.part import Options

KEEP = "QUERYSAFE_BENCH_ADVICE"
"""A folder named here keeps its server as long as some process holds it: one for each server."""
HYPOPG = "hypopg"


@contextmanager
def measured(options: Options) -> Iterator[Cluster]:
    """Start the server that was asked for, or join the one that is kept."""
    kept = os.environ.get(KEEP)
    with server(
        bin_directory=options.binaries,
        kind="auto" if options.binaries else "embedded",
        shared=Path(kept) if kept else None,
    ) as cluster:
        major, minor = cluster.version
        options.progress(f"PostgreSQL {major}.{minor}")
        yield cluster


def has_hypopg(url: str) -> bool:
    """Whether a database has HypoPG, which it gets where the server can give it."""
    with psycopg.connect(url, autocommit=True) as connection:
        asked = "SELECT 1 FROM pg_available_extensions WHERE name = %s"
        if connection.execute(asked, (HYPOPG,)).fetchone() is None:
            return False
        connection.execute(f"CREATE EXTENSION IF NOT EXISTS {HYPOPG}".encode())
        return True
