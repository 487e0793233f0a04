"""A cluster is restored to a moment: exactly, or not at all."""

import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from querysafe.backup.contents import differences
from tests.acceptance.backup.cluster import place, restored
from tests.acceptance.backup.conftest import History, counted, stored
from tests.integration.backup.cli import run, told
from tests.integration.postgres.conftest import eventually, is_running
from tests.requirements import require

ZONE = timezone(timedelta(hours=13))
COUNT = "SELECT count(*), sum(id) FROM kept"


def settings(data: Path) -> str:
    """What recovery was told."""
    text = (data / "postgresql.auto.conf").read_text()
    assert "recovery_target_" in text
    return text


def restore(repository: Path, data: Path, *moment: object, status: int = 0) -> Any:
    return told(
        *("restore", "--repository", repository, "--data-directory", data, *moment), status=status
    )


def test_a_time_is_exact_to_the_transaction(
    history: History, repository: Path, data: Path, binaries: Path
) -> None:
    restore(repository, data, "--to-time", history.first.isoformat())
    assert data.stat().st_mode & 0o777 == 0o700
    other = data.with_name("other")
    restore(repository, other, "--to", history.first.astimezone(ZONE).isoformat())
    assert settings(other) == settings(data)
    with restored(data, binaries) as cluster:
        assert cluster.rows(COUNT) == [(20, 210)]


def test_the_moment_before_an_accident_brings_the_table_back(
    history: History, repository: Path, data: Path, binaries: Path
) -> None:
    restore(repository, data, "--to-time", history.dropped.isoformat())
    with restored(data, binaries) as cluster:
        assert cluster.rows(COUNT) == [(40, 820)]


def test_every_hard_type_has_the_same_contents_afterwards(
    history: History, repository: Path, data: Path, binaries: Path
) -> None:
    restore(repository, data, "--to-name", history.point)
    with restored(data, binaries) as cluster:
        found = counted(cluster)
    unlogged = ("public.cache has 0 rows instead of 1",)
    assert differences(history.hard, found) == unlogged, "a crash empties it, and a base backup too"
    assert sum(each.rows for each in found.contents) > 10
    assert all(each.hash is not None for each in history.hard.contents if each.rows)
    for name in history.missing:
        require(f"extension-{name}", False, "all else is the same; the server does not have it")


def test_a_restore_point_and_a_position_are_reached(
    history: History, repository: Path, data: Path, binaries: Path
) -> None:
    restore(repository, data, "--to-name", history.point)
    with restored(data, binaries) as cluster:
        assert cluster.rows(COUNT) == [(40, 820)]
    other = data.with_name("other")
    restore(repository, other, "--to-lsn", history.first_lsn)
    with restored(other, binaries) as cluster:
        assert cluster.rows(COUNT) == [(20, 210)]


def test_the_latest_is_the_end_of_the_archive(
    history: History, repository: Path, data: Path, binaries: Path
) -> None:
    said = restore(repository, data)
    assert said["segments"] == len(history.segments) + 2, "its own, and that of the restore point"
    for number, moment in enumerate((("--to-latest",), ("--to", "latest"))):
        other = data.with_name(f"other{number}")
        restore(repository, other, *moment)
        assert settings(other) == settings(data)
    with restored(data, binaries) as cluster:
        assert cluster.rows("SELECT count(*) FROM after") == [(5,)]
        assert cluster.rows("SELECT to_regclass('kept')") == [(None,)]


def test_a_time_after_the_last_transaction_is_the_end_of_the_archive(
    history: History, repository: Path, data: Path, binaries: Path
) -> None:
    last = history.segments[-1]
    closed = stored(repository, last).name.split("-")[2].split(".")[0]
    moment = datetime.strptime(closed, "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
    restore(repository, data, "--to-time", moment.isoformat())
    with restored(data, binaries) as cluster:
        assert cluster.rows("SELECT count(*) FROM after") == [(5,)]
    said = restore_refused(repository, data, (moment + timedelta(microseconds=1)).isoformat())
    assert "is not covered" in said


def test_what_was_reached_is_said(history: History, repository: Path, data: Path) -> None:
    said = restore(repository, data, "--to-name", history.point, "--recover")
    assert f'restore point "{history.point}"' in said["reached"]["stopped"]
    assert said["reached"]["timeline"] == 2


def test_a_drill_of_a_moment_looks_at_every_database(
    history: History, repository: Path, tmp_path: Path
) -> None:
    smoke = tmp_path / "smoke.sql"
    smoke.write_text("SELECT count(*) = 20 FROM kept;\n")
    moment = ("--to-time", history.first.isoformat(), "--smoke", smoke)
    drilled = told("drill", "--repository", repository, *moment)
    assert drilled["passed"]
    assert drilled["moment"] == history.first.isoformat()
    looked = {(check["name"], check["database"]) for check in drilled["checks"]}
    assert {("restore", None), ("indexes", "postgres"), ("amcheck", "postgres")} <= looked
    smoke.write_text("SELECT count(*) = 21 FROM kept;\n")
    failed = told("drill", "--repository", repository, *moment, status=1)
    (wrong,) = [check for check in failed["checks"] if check["outcome"] == "failed"]
    assert (wrong["name"], wrong["database"]) == ("smoke", "postgres")
    elsewhere = (*moment, "--smoke-database", "nowhere")
    absent = told("drill", "--repository", repository, *elsewhere, status=1)
    assert 'no database "nowhere"' in absent["checks"][-1]["detail"]


def test_a_drill_of_a_damaged_archive_fails_and_says_where(
    history: History, repository: Path
) -> None:
    place = stored(repository, history.segments[-1])
    place.write_bytes(place.read_bytes()[:-9])
    failed = told("drill", "--repository", repository, status=1)
    assert failed["rto_seconds"] is None
    assert history.segments[-1] in failed["checks"][0]["detail"]


def test_a_drill_that_is_killed_leaves_no_server_and_its_folder_goes_with_the_next(
    history: History, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = place("drill")
    scratch.chmod(0o755)
    smoke = tmp_path / "smoke.sql"
    smoke.write_text("SELECT pg_sleep(60);\n")
    command = [sys.executable, "-m", "querysafe", "backup", "drill", "--repository"]
    process = subprocess.Popen(
        [*command, str(repository), "--smoke", str(smoke)],
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        place_of_pid = "querysafe-drill-*/data/postmaster.pid"
        assert eventually(
            lambda: any(path.read_text().strip() for path in scratch.glob(place_of_pid)), 120
        )
        (pid_file,) = scratch.glob(place_of_pid)
        postmaster = int(pid_file.read_text().split()[0])
        process.kill()
        assert eventually(lambda: not is_running(postmaster), 60)
    finally:
        process.kill()
        process.wait(60)
    (left,) = scratch.glob("querysafe-drill-*")
    os.utime(left, (1, 1))
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    told("drill", "--repository", repository)
    monkeypatch.undo()
    assert not list(scratch.glob("querysafe-drill-*"))
    shutil.rmtree(scratch)


def restore_refused(repository: Path, data: Path, time: str) -> str:
    command = ("restore", "--repository", repository, "--data-directory", data.with_name("no"))
    return run(*command, "--to-time", time, status=3).stderr
