"""``querysafe backup wal-receive``: a receiver that dies, comes back, and misses nothing."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from querysafe.backup.repository import open_repository
from querysafe.backup.wal import archive
from querysafe.backup.wal import cluster as clusters
from querysafe.backup.wal.names import Segment
from tests.acceptance.backup.cluster import Cluster, initialised, place, restored
from tests.integration.backup.cli import run, told

SECRET = "never-to-be-shown"
SEGMENT = 2**20


class Receiver:
    """A receiver in a process of its own, and what it says."""

    def __init__(self, cluster: Cluster, repository: Path, spool: Path, *more: str) -> None:
        environment = {
            **os.environ,
            "QUERYSAFE_BACKUP_DATABASE": cluster.dsn.replace("postgres@", f"postgres:{SECRET}@"),
        }
        command = [sys.executable, "-m", "querysafe", "backup", "wal-receive", "--format", "json"]
        command += ["--repository", str(repository), "--spool", str(spool)]
        self.process = subprocess.Popen(
            [*command, "--postgres-bin", str(cluster.binaries), "--report-every", "0.5", *more],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.events: list[dict[str, Any]] = []
        self.errors = ""
        self._threads = [
            threading.Thread(target=each, daemon=True) for each in (self._hear, self._err)
        ]
        for thread in self._threads:
            thread.start()

    def _hear(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def _err(self) -> None:
        assert self.process.stderr is not None
        self.errors = self.process.stderr.read()

    def wait(self, kind: str, holds: Callable[[dict[str, Any]], bool] = lambda _: True) -> Any:
        """Wait for an event."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for event in list(self.events):
                if event["event"] == kind and holds(event):
                    return event
            assert self.process.poll() is None, f"{self.errors} {self.events}"
            time.sleep(0.05)
        raise AssertionError(f"no {kind}: {self.events}")

    def wait_archived(self, name: str) -> None:
        """Wait until a segment is in the archive."""
        self.wait("archived", lambda event: event["segment"] == name)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal; return its status."""
        self.process.send_signal(number)
        status = self.process.wait(60)
        for thread in self._threads:
            thread.join(10)
        return status


@pytest.fixture
def folder() -> Iterator[Path]:
    made = place("receive")
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def cluster(folder: Path, binaries: Path) -> Iterator[Cluster]:
    made = initialised(
        folder,
        binaries,
        "--wal-segsize=1",
        archive_mode="off",
        min_wal_size="2MB",
        max_wal_size="4MB",
        max_slot_wal_keep_size="64MB",
    )
    made.start()
    yield made
    made.stop("immediate")


@contextmanager
def receiver(cluster: Cluster, repository: Path, spool: Path, *more: str) -> Iterator[Receiver]:
    running = Receiver(cluster, repository, spool, *more)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.end(signal.SIGKILL)
        for stream in (running.process.stdout, running.process.stderr):
            assert stream is not None
            stream.close()


def fill(cluster: Cluster, table: str) -> str:
    """Write two segments' worth of rows and end the segment; return the last one's name."""
    cluster.rows(
        f"CREATE TABLE {table} AS SELECT id, repeat(md5(id::text), 20) AS word "
        "FROM generate_series(1, 3000) AS id"
    )
    name = cluster.rows("SELECT pg_walfile_name(pg_current_wal_lsn())")[0][0]
    cluster.rows("SELECT pg_switch_wal()")
    return str(name)


def switch(cluster: Cluster) -> str:
    name = cluster.rows("SELECT pg_walfile_name(pg_current_wal_lsn())")[0][0]
    cluster.rows("SELECT pg_switch_wal()")
    return str(name)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def inactive(cluster: Cluster) -> bool:
    return cluster.rows("SELECT active FROM pg_replication_slots") == [(False,)]


def numbers(repository: Path) -> list[int]:
    """Of the segments in the archive, in order."""
    store = open_repository(str(repository))
    system = clusters.only(store)
    return [Segment.parse(each.name, SEGMENT).number for each in archive.files(store, system)]


def children(pid: int) -> list[int]:
    """The programs that a receiver runs, but for the shell that waits for its end."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(each)
        for each in found
        if not Path(f"/proc/{each}/cmdline").read_bytes().startswith(b"/bin/sh\0")
    ]


def test_a_receiver_that_is_killed_goes_on_without_a_gap_and_the_archive_restores(
    cluster: Cluster, folder: Path
) -> None:
    repository, spool, data = folder / "repository", folder / "spool", folder / "data2" / "data"
    told("create", "--database", cluster.dsn, "--repository", repository, "--kind", "base")
    with receiver(cluster, repository, spool) as first:
        first.wait("started")
        (child,) = children(first.process.pid)
        assert SECRET not in Path(f"/proc/{child}/cmdline").read_text()
        first.wait_archived(fill(cluster, "one"))
        first.end(signal.SIGKILL)
        wait_until(lambda: inactive(cluster))
    lost = fill(cluster, "two")
    with receiver(cluster, repository, spool) as second:
        second.wait_archived(lost)
        (child,) = children(second.process.pid)
        os.kill(child, signal.SIGKILL)
        assert "signal" in second.wait("failed")["message"]
        last = fill(cluster, "three")
        second.wait_archived(last)
        lag = second.wait("lag", lambda event: event["waiting"] == 0)
        assert lag["lag_bytes"] >= 0
        assert second.end() == 0
        assert second.events[-1]["event"] == "stopped"
        assert second.events[-1]["waiting"] == 0
        assert SECRET not in json.dumps(second.events) + second.errors
    found = numbers(repository)
    assert found == list(range(found[0], found[-1] + 1))
    assert sum(1 for each in spool.iterdir() if len(each.name) == 24) == 1
    cluster.stop("immediate")
    run("restore", "--repository", repository, "--data-directory", data, "--to-latest")
    if os.geteuid() == 0:
        from tests.acceptance.backup.cluster import USER

        for path in (data.parent, data, *data.rglob("*")):
            shutil.chown(path, USER)
    with restored(data, cluster.binaries) as copy:
        for table in ("one", "two", "three"):
            assert copy.rows(f"SELECT count(*) FROM {table}") == [(3000,)]


def test_a_server_that_restarts_and_a_repository_that_fails_are_tried_again(
    cluster: Cluster, folder: Path
) -> None:
    repository, spool = folder / "repository", folder / "spool"
    with receiver(cluster, repository, spool, "--synchronous") as running:
        running.wait("started")
        running.wait_archived(fill(cluster, "one"))
        cluster.stop()
        assert "again in" in running.wait("failed")["message"]
        systems = next((repository / "wal").iterdir())
        away = systems.rename(folder / "away")
        systems.write_text("no folder")
        cluster.start()
        last = fill(cluster, "two")
        running.wait("failed", lambda event: "is not archived" in event["message"])
        systems.unlink()
        away.rename(systems)
        running.wait_archived(last)
        assert running.end(signal.SIGINT) == 0
    found = numbers(repository)
    assert found == list(range(found[0], found[-1] + 1))


def test_a_slot_whose_wal_is_gone_is_a_gap_and_a_second_receiver_is_refused(
    cluster: Cluster, folder: Path
) -> None:
    repository, spool = folder / "repository", folder / "spool"
    with receiver(cluster, repository, spool) as running:
        running.wait("started")
        common = ("--database", cluster.dsn, "--repository", repository)
        refused = run("wal-receive", *common, "--spool", spool, status=75)
        assert "another receiver" in refused.output
        running.end()
    cluster.rows("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
    cluster.rows("SELECT pg_reload_conf()")
    for table in ("one", "two"):
        fill(cluster, table)
        cluster.rows("CHECKPOINT")
    refused = run("wal-receive", *common, "--spool", spool, status=3)
    assert "is lost" in refused.output
    assert told("wal-receive", *common, "--drop-slot") == {"slot": "querysafe", "dropped": True}
    assert told("wal-receive", *common, "--drop-slot")["dropped"] is False


def test_what_a_receiver_holds_of_a_server_that_is_gone_is_salvaged_to_the_last_commit(
    cluster: Cluster, folder: Path
) -> None:
    repository, spool, data = folder / "repository", folder / "spool", folder / "restored"
    told("create", "--database", cluster.dsn, "--repository", repository, "--kind", "base")
    with receiver(cluster, repository, spool, "--synchronous") as running:
        running.wait("started")
        running.wait_archived(fill(cluster, "one"))
        cluster.rows("INSERT INTO one SELECT id, 'late' FROM generate_series(1, 7) AS id")
        at = cluster.lsn()
        wait_until(
            lambda: bool(
                cluster.rows(f"SELECT 1 FROM pg_stat_replication WHERE flush_lsn >= '{at}'")
            )
        )
        running.end(signal.SIGKILL)
    cluster.stop("immediate")
    salvaged = told("wal-receive", "--repository", repository, "--salvage", "--spool", spool)
    assert len(salvaged["archived"]) == 1
    run("wal-receive", "--repository", repository, "--salvage", status=2)
    run(
        *("wal-receive", "--repository", repository, "--salvage", "--spool", folder / "no"),
        status=3,
    )
    reached = told(
        *("restore", "--repository", repository, "--data-directory", data, "--to-latest"),
        "--recover",
    )
    assert reached
    with restored(data, cluster.binaries) as copy:
        assert copy.rows("SELECT count(*) FROM one WHERE word = 'late'") == [(7,)]


def test_a_server_without_a_limit_is_warned_about_and_a_bad_name_refused(
    cluster: Cluster, folder: Path
) -> None:
    cluster.rows("ALTER SYSTEM SET max_slot_wal_keep_size = -1")
    cluster.rows("SELECT pg_reload_conf()")
    repository = folder / "repository"
    with receiver(cluster, repository, folder / "spool") as running:
        assert "max_slot_wal_keep_size" in running.wait("warning")["message"]
    common = ("--repository", repository, "--spool", folder / "spool2")
    run("wal-receive", "--database", cluster.dsn, *common, "--slot", "Bad-Name", status=3)
