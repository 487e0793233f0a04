"""A hot standby that follows a server by streaming replication."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from querysafe.postgres import Cluster
from querysafe.postgres.programs import for_server
from querysafe.postgres.running import as_user, unprivileged
from tests.integration.postgres.conftest import eventually


@contextmanager
def standby(cluster: Cluster) -> Iterator[str]:
    """Copy a running server, let the copy follow it, and give its URL without a database."""
    user = unprivileged() if os.geteuid() == 0 else None
    identity: Any = as_user(user)
    home = Path(tempfile.mkdtemp(prefix="querysafe-replica-"))
    if user is not None:
        shutil.chown(home, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = f"host={cluster.host} port={cluster.port} user=postgres"
    copying = f"pg_basebackup -R -X stream -c fast -D {home / 'data'}".split()
    serving = f"postgres -D {home / 'data'} -c port={port} -c max_connections=200".split()
    serving += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    subprocess.run(
        [for_server(copying[0], cluster.version[0]).path, *copying[1:], "-d", place],
        check=True,
        env={**os.environ, "PGPASSWORD": cluster.password},
        cwd="/",
        **identity,
    )
    process = subprocess.Popen(
        [cluster.bin_directory / serving[0], *serving[1:]],
        stderr=subprocess.DEVNULL,
        cwd="/",
        **identity,
    )
    url = f"postgresql://postgres:{quote(cluster.password)}@127.0.0.1:{port}"

    def ready() -> bool:
        try:
            with psycopg.connect(f"{url}/postgres") as connection:
                found = connection.execute("SELECT pg_is_in_recovery()").fetchone()
                return found == (True,)
        except psycopg.OperationalError:
            return False

    try:
        assert eventually(ready)
        yield url
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(home, ignore_errors=True)
