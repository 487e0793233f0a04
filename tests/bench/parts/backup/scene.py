"""The server, the store and the scratch folder that all contestants share, and the measuring."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from querysafe.postgres import Cluster, Database, server
from querysafe.postgres.programs import SYSTEM
from querysafe.postgres.target import Target
from tests.bench import spent
from tests.bench.part import Cell
from tests.bench.parts.backup.data import build, size_bytes
from tests.integration.backup.s3 import store

SPENT = Path(spent.__file__)
QUERYSAFE = str(Path(sys.executable).with_name("querysafe"))
GB = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one contestant spent."""

    name: str
    wall_seconds: float
    client_seconds: float
    server_seconds: float
    peak_bytes: int
    size_bytes: int | None
    database_bytes: int

    @property
    def cpu_seconds(self) -> float:
        return self.client_seconds + self.server_seconds

    @property
    def cpu_seconds_per_gb(self) -> float:
        return self.cpu_seconds / (self.database_bytes / GB)

    def row(self) -> dict[str, Cell]:
        return {
            "what": self.name,
            "wall s": round(self.wall_seconds, 1),
            "client CPU s": round(self.client_seconds, 1),
            "server CPU s": round(self.server_seconds, 1),
            "CPU s a GB": round(self.cpu_seconds_per_gb, 1),
            "peak MB": round(self.peak_bytes / 1e6),
            "size MB": None if self.size_bytes is None else round(self.size_bytes / 1e6, 1),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where it all happens."""

    cluster: Cluster
    database: Database
    database_bytes: int
    work: Path
    sockets: Path
    environment: Mapping[str, str]

    @property
    def data(self) -> Path:
        return self.cluster.directory / "data"

    @property
    def s3(self) -> str:
        """A repository in the S3 server."""
        return "s3://bucket/bench"

    @property
    def stored(self) -> Path:
        """The folder behind the S3 repository."""
        return self.work / "s3" / "bucket" / "bench"

    @property
    def conninfo(self) -> str:
        """Of the database, without its password, which is in the passfile."""
        return Target.parse(self.database.dsn).conninfo

    def program(self, name: str) -> str:
        return str(Path(self.cluster.bin_directory) / name)

    def measure(
        self, name: str, command: list[str] | str, size: Path | None = None, *, client: bool = True
    ) -> Measured:
        """Run a command (a text is one of the shell) and say what was spent on it.

        ``size`` is a file or folder whose growth is the size of what was made. Without
        ``client`` a server of its own is among what the command starts.
        """
        if isinstance(command, str):
            command = ["bash", "-o", "pipefail", "-c", command]
        os.sync()
        before = 0 if size is None else size_of(size)
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        result = self.work / "spent.json"
        began = spent.cpu_seconds(pid)
        done = subprocess.run(
            [sys.executable, str(SPENT), str(result), *command],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{name} failed: {shlex.join(command)}\n{done.stdout}\n{done.stderr}")
        found: dict[str, Any] = json.loads(result.read_text())
        return Measured(
            name=name,
            wall_seconds=found["wall_seconds"],
            client_seconds=found["cpu_seconds"],
            server_seconds=spent.cpu_seconds(pid) - began if client else 0.0,
            peak_bytes=found["peak_bytes"],
            size_bytes=None if size is None else size_of(size) - before,
            database_bytes=self.database_bytes,
        )

    def execute(self, statement: str) -> Any:
        with psycopg.connect(self.database.dsn, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchone() if cursor.description else None


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; 0 of what is not there."""
    if path.is_file():
        return path.stat().st_size
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())


@contextmanager
def scene(*, quick: bool) -> Iterator[Scene]:
    """Build it: PostgreSQL 15 of the system where it is (pgBackRest of Debian reads no newer)."""
    system = SYSTEM / "15" / "bin"
    with tempfile.TemporaryDirectory(prefix="querysafe-bench-") as name:
        work = Path(name)
        work.chmod(0o755)
        sockets = work / "sockets"
        sockets.mkdir(mode=0o777)
        sockets.chmod(0o777)
        settings = {
            "archive_mode": "on",
            "max_wal_size": "4GB",
            "shared_buffers": "256MB",
            "unix_socket_directories": str(sockets),
        }
        with (
            server(bin_directory=system if system.exists() else None, settings=settings) as cluster,
            store(work / "s3") as s3,
        ):
            database = build(cluster, quick=quick)
            target = Target.parse(cluster.url(driver=""))
            with target.credentials() as environment:
                yield Scene(
                    cluster=cluster,
                    database=database,
                    database_bytes=size_bytes(database),
                    work=work,
                    sockets=sockets,
                    environment={
                        **environment,
                        **s3.environment,
                        "QUERYSAFE_POSTGRES_BIN": str(cluster.bin_directory),
                    },
                )
