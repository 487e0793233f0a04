"""A real cluster with a WAL archive, started and stopped as its owner would do it."""

import os
import secrets
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from querysafe.cli import main
from querysafe.errors import QuerysafeError
from querysafe.postgres.running import as_user, unprivileged

USER = unprivileged() if os.geteuid() == 0 else None
"""As whom servers run: they refuse root."""


def place(name: str) -> Path:
    """A new folder that the servers' user owns and may enter, with a short path for sockets."""
    folder = Path(tempfile.mkdtemp(prefix=f"qs-{name}-", dir="/tmp"))
    if USER is not None:
        shutil.chown(folder, USER)
    return folder


def as_server(command: Sequence[object], *, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program as the servers' user."""
    done = subprocess.run(
        [str(each) for each in command],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        cwd="/",
        timeout=120,
        **as_user(USER),
    )
    assert not check or done.returncode == 0, f"{command}: {done.stdout} {done.stderr}"
    return done


@contextmanager
def using(binaries: Path) -> Iterator[None]:
    """Let commands find the programs of a server in the environment, within the block only.

    A fixture of a session enters it for what it does, never around its ``yield``: a worker
    runs tests of other folders before such a fixture ends.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUERYSAFE_POSTGRES_BIN", str(binaries))
        yield


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A data directory, and how to reach the server in it."""

    data: Path
    sockets: Path
    binaries: Path

    @property
    def dsn(self) -> str:
        """The address of its database."""
        return f"postgresql://postgres@/postgres?host={self.sockets}"

    @property
    def wal(self) -> Path:
        """Its folder of segments."""
        return self.data / "pg_wal"

    def start(self, *settings: str, check: bool = True) -> str:
        """Start the server by ``pg_ctl``; return the end of its log when it does not come up."""
        options = [f"-k {self.sockets}", "-c listen_addresses=", "-c lc_messages=C"]
        options += [f"-c {setting}" for setting in settings]
        log = self.sockets / f"log-{secrets.token_hex(4)}"
        command = [self.binaries / "pg_ctl", "-D", self.data, "-w", "-t", 60, "-l", log]
        done = as_server([*command, "-o", " ".join(options), "start"], check=False)
        said = log.read_text(errors="replace") if log.exists() else done.stderr
        assert not check or done.returncode == 0, said
        return "" if done.returncode == 0 else said or done.stderr

    def stop(self, mode: str = "fast") -> None:
        """Stop the server, if it runs."""
        as_server([self.binaries / "pg_ctl", "-D", self.data, "-m", mode, "stop"], check=False)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a query answers."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def connect(self) -> "psycopg.Connection[Any]":
        """A connection to its database of hard types."""
        return psycopg.connect(f"postgresql://postgres@/hard?host={self.sockets}", autocommit=True)

    def now(self) -> datetime:
        """The server's clock."""
        time: datetime = self.rows("SELECT clock_timestamp()")[0][0]
        return time.astimezone(UTC)

    def lsn(self) -> str:
        """Where the log stands."""
        return str(self.rows("SELECT pg_current_wal_insert_lsn()")[0][0])

    def switch(self) -> str:
        """End the current segment, wait until it is archived, and return its name."""
        name = self.rows("SELECT pg_walfile_name(pg_current_wal_lsn())")[0][0]
        self.rows("CHECKPOINT; SELECT pg_switch_wal()")
        self.wait_archived(name)
        return str(name)

    def wait_archived(self, name: str, seconds: float = 60.0) -> None:
        """Wait until the archiver has done with a segment."""
        deadline = time.monotonic() + seconds
        while True:
            last, failed = self.rows(
                "SELECT coalesce(last_archived_wal, ''), coalesce(last_failed_wal, '') "
                "FROM pg_stat_archiver"
            )[0]
            if last[:24] >= name and len(last) == 24:
                return
            assert time.monotonic() < deadline, f"{name}: last {last}, failed {failed}"
            time.sleep(0.05)


@contextmanager
def archiver(folder: Path, repository: Path, *more: str, data: Path | None = None) -> Iterator[str]:
    """An ``archive_command`` that has this process run ``querysafe backup wal-push``.

    The servers' user may not be able to run this Python, and starting it costs more than
    all the rest of a test.
    """
    door = folder / "door"
    as_server(["mkdir", door])
    script = folder / "archive.sh"
    script.write_text(
        f"""cd {door} || exit 99
        echo "$1" > $$.new && mv $$.new $$.ask
        while [ ! -e $$.done ]; do sleep 0.02; done
        status=$(cat $$.done); rm $$.done; exit $status
        """
    )
    ended = threading.Event()

    def serve() -> None:
        while not ended.wait(0.02):
            for ask in door.glob("*.ask"):
                path = (data or folder / "data") / ask.read_text().strip()
                status = wal_push(path, repository, *more)
                answer = ask.with_suffix(".tmp")
                answer.write_text(f"{status}\n")
                shutil.chown(answer, USER or os.getuid())
                answer.rename(ask.with_suffix(".done"))
                ask.unlink()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"sh {script} %p"
    finally:
        ended.set()
        thread.join()


def wal_push(path: Path, repository: Path, *more: str) -> int:
    """Run the command in this process, beside whatever else runs in it; return its status."""
    arguments = ["backup", "wal-push", str(path), "--repository", str(repository), *more]
    try:
        main(arguments, prog_name="querysafe", standalone_mode=False)
    except QuerysafeError as error:
        return error.exit_status
    return 0


def initialised(folder: Path, binaries: Path, *arguments: str, **settings: str) -> Cluster:
    """A new cluster in a folder."""
    data, sockets = folder / "data", folder / "s"
    as_server(
        [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
            "--data-checksums",
            *arguments,
        ]
    )
    as_server(["mkdir", sockets])
    settings = {
        "wal_level": "replica",
        "archive_mode": "on",
        "fsync": "off",
        "autovacuum": "off",
        "shared_buffers": "16MB",
        "timezone": "Pacific/Auckland",
        **settings,
    }
    with (data / "postgresql.conf").open("a") as file:
        for name, value in settings.items():
            file.write(f"{name} = '{value}'\n")
    return Cluster(data=data, sockets=sockets, binaries=binaries)


@contextmanager
def restored(data: Path, binaries: Path, *settings: str) -> Iterator[Cluster]:
    """The server of a restored directory, which must come up and end its recovery."""
    folder = place("up")
    cluster = Cluster(data=data, sockets=folder, binaries=binaries)
    try:
        cluster.start("fsync=off", *settings)
        deadline = time.monotonic() + 60
        while cluster.rows("SELECT pg_is_in_recovery()")[0][0]:
            assert time.monotonic() < deadline, "recovery does not end"
            time.sleep(0.05)
        yield cluster
    finally:
        cluster.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)
