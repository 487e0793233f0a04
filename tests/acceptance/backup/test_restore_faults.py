"""What goes wrong on the way to a moment is said before anything can be started from it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from querysafe.backup.base.directory import emptied
from tests.acceptance.backup.cluster import Cluster, archiver, place, restored
from tests.acceptance.backup.conftest import History, insert, stored
from tests.integration.backup.cli import run, told
from tests.integration.postgres.conftest import eventually

COUNT = "SELECT count(*), sum(id) FROM kept"


def restore(repository: Path, data: Path, *moment: object, status: int = 0) -> str:
    done = run(
        "restore", "--repository", repository, "--data-directory", data, *moment, status=status
    )
    return done.output if status == 0 else done.stderr


def refused(repository: Path, data: Path, *moment: object, status: int = 3) -> str:
    """A restore that fails leaves no directory behind."""
    said = restore(repository, data, *moment, status=status)
    assert not data.exists()
    return said


def test_a_hole_is_refused_and_the_way_up_to_it_is_not(
    history: History, repository: Path, data: Path, binaries: Path
) -> None:
    gone = history.segments[1]
    stored(repository, gone).unlink()
    said = refused(repository, data)
    assert f"the archive has a gap; covered: {history.first.year}" in said
    assert f"the segment {gone} is missing" in said
    for moment in (("--to-time", history.dropped.isoformat()), ("--to-name", history.point)):
        assert gone in refused(repository, data, *moment)
    restore(repository, data, "--to-time", history.first.isoformat())
    with restored(data, binaries) as cluster:
        assert cluster.rows(COUNT) == [(20, 210)]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "harm",
    [
        flip,
        lambda path: path.write_bytes(path.read_bytes()[:-7]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(bytes(path.stat().st_size)),
    ],
    ids=["flipped", "truncated", "empty", "zeros"],
)
def test_a_damaged_segment_is_refused(
    history: History, repository: Path, data: Path, harm: Callable[[Path], object]
) -> None:
    harm(stored(repository, history.segments[1]))
    for moment in ((), ("--to-time", history.dropped.isoformat())):
        assert history.segments[1] in refused(repository, data, *moment)
    found = told("verify", "--repository", repository, status=1)
    assert any(history.segments[1] in problem for problem in found["problems"])


def test_a_moment_outside_of_the_archive_is_refused_with_the_covered_window(
    history: History, repository: Path, data: Path
) -> None:
    early = refused(repository, data, "--to-time", history.before.isoformat())
    late = refused(repository, data, "--to-time", (datetime.now(UTC) + timedelta(1)).isoformat())
    beyond = refused(repository, data, "--to-lsn", "FF/0")
    below = refused(repository, data, "--to-lsn", "0/28")
    unknown = refused(repository, data, "--to-name", "nobody")
    for said in (early, late, beyond, below, unknown):
        assert f"covered: {history.before.year}-" in said
        assert "on timeline 1" in said


@pytest.mark.parametrize("option", ["--to", "--to-time"])
def test_a_time_that_may_mean_several_moments_is_refused(
    repository: Path, data: Path, option: str
) -> None:
    naive = refused(repository, data, option, "2026-01-31 12:00:00", status=2)
    assert "has no offset" in naive
    assert "2026-01-31T12:00:00+00:00" in naive
    assert "is no time" in refused(repository, data, option, "yesterday", status=2)


@pytest.mark.parametrize("option", ["--to", "--to-time", "--to-lsn", "--to-name"])
def test_an_empty_variable_of_a_shell_is_not_the_latest(
    repository: Path, data: Path, option: str
) -> None:
    assert "error: " in refused(repository, data, option, "", status=2)


def test_a_directory_that_is_not_empty_is_left_alone(repository: Path, data: Path) -> None:
    data.mkdir()
    (data / "mine").write_text("mine")
    assert "is not empty" in restore(repository, data, status=3)
    assert [path.name for path in data.iterdir()] == ["mine"]


def test_a_second_restore_into_a_directory_is_told_to_wait(repository: Path, data: Path) -> None:
    with emptied(data) as work:
        (work / "half").write_text("x")
        assert "another restore" in restore(repository, data, status=75)
        assert (work / "half").exists()
    assert not data.exists()


def test_a_restore_that_was_killed_cannot_be_started_and_can_be_run_again(
    history: History, repository: Path, data: Path, binaries: Path
) -> None:
    command = [sys.executable, "-m", "querysafe", "backup", "restore"]
    command += ["--repository", str(repository), "--data-directory", str(data)]
    for number in (signal.SIGTERM, signal.SIGKILL):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 60
            while not list(data.rglob("PG_VERSION")):
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.002)
            process.send_signal(number)
        finally:
            process.wait(60)
        if number == signal.SIGTERM:
            assert process.returncode == 128 + number
            assert not data.exists()
    assert not (data / "global" / "pg_control").exists()
    assert Cluster(data=data, sockets=data.parent, binaries=binaries).start(check=False)
    restore(repository, data, "--to-name", history.point)
    with restored(data, binaries) as cluster:
        assert cluster.rows(COUNT) == [(40, 820)]


@pytest.mark.parametrize("harm", ["segment", "folder"])
def test_a_server_whose_wal_is_taken_away_after_the_restore_does_not_come_up(
    history: History, repository: Path, data: Path, binaries: Path, harm: str
) -> None:
    restore(repository, data)
    wal = data / "querysafe_wal"
    if harm == "folder":
        shutil.rmtree(wal)
    else:
        (wal / history.segments[1]).unlink()
    folder = place("refuses")
    try:
        Cluster(data=data, sockets=folder, binaries=binaries).start(check=False)
        # It may have let readers in before it came to what is missing.
        assert eventually(lambda: not (data / "postmaster.pid").exists())
        (log,) = folder.glob("log-*")
        assert "FATAL" in log.read_text()
        assert "selected new timeline" not in log.read_text()
    finally:
        shutil.rmtree(folder)


def test_a_restored_cluster_goes_on_on_its_own_timeline(
    history: History, repository: Path, data: Path, binaries: Path
) -> None:
    os.utime(repository)
    shutil.chown(repository, data.parent.stat().st_uid)
    restore(repository, data, "--to-time", history.first.isoformat())
    folder = place("archive")
    try:
        with archiver(folder, repository, data=data) as command:
            assert "archive_mode = 'off'" in (data / "postgresql.conf").read_text()
            with (data / "postgresql.conf").open("a") as file:
                file.write(f"archive_mode = on\narchive_command = '{command}'\n")
            with restored(data, binaries) as cluster:
                assert cluster.rows("SHOW archive_mode") == [("on",)]
                insert(cluster, 7)
                name = cluster.switch()
                assert name.startswith("00000002")
    finally:
        shutil.rmtree(folder)
    assert (data / "querysafe_wal").exists() is False
    other = data.with_name("other")
    said = restore(repository, other)
    assert "timeline 2" in said
    with restored(other, binaries) as cluster:
        assert cluster.rows(COUNT) == [(30, 210 + sum(range(71, 81)))]
    first = data.with_name("first")
    restore(repository, first, "--timeline", "1")
    with restored(first, binaries) as cluster:
        assert cluster.rows("SELECT count(*) FROM after") == [(5,)]
    refused(repository, data.with_name("none"), "--timeline", "3")
