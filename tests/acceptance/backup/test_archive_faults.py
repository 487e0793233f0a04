"""``archive_command`` and ``restore_command`` fail closed: nothing is lost, nothing made up."""

import os
import resource
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.backup.conftest import History, stored
from tests.integration.backup.cli import run


def push(repository: Path, path: Path, *more: object, status: int = 0) -> str:
    return run("wal-push", path, "--repository", repository, *more, status=status).output


def fetch(repository: Path, name: str, path: Path, status: int = 0) -> str:
    return run("wal-fetch", name, path, "--repository", repository, status=status).output


@pytest.fixture
def segment(history: History, repository: Path, tmp_path: Path) -> Path:
    """A segment that is archived already, as the server wrote it."""
    path = tmp_path / history.segments[1]
    fetch(repository, path.name, path)
    return path


def contents(repository: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(repository)): path.read_bytes()
        for path in repository.rglob("*")
        if path.is_file()
    }


def test_pushing_again_is_no_error_and_changes_nothing(repository: Path, segment: Path) -> None:
    before = contents(repository)
    os.utime(segment)
    push(repository, segment)
    assert contents(repository) == before


def test_other_contents_are_refused_and_the_old_ones_kept(repository: Path, segment: Path) -> None:
    before = contents(repository)
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-1] + b"x")
    assert "archived before with other contents" in push(repository, segment, status=3)
    segment.write_bytes(whole[: len(whole) // 2])
    assert "is not whole" in push(repository, segment, status=3)
    segment.write_bytes(bytes(len(whole)))
    assert "is no WAL segment" in push(repository, segment, status=3)
    assert contents(repository) == before


def test_a_strange_clusters_segment_is_refused(repository: Path, segment: Path) -> None:
    before = contents(repository)
    foreign = bytearray(segment.read_bytes())
    foreign[24:32] = (77).to_bytes(8, "little")
    segment.write_bytes(foreign)
    assert "archive of another cluster" in push(repository, segment, status=3)
    assert contents(repository) == before


def test_a_repository_that_is_down_is_told_at_once(
    history: History, segment: Path, tmp_path: Path
) -> None:
    assert "does not exist" in push(tmp_path / "no" / "where", segment, status=3)
    (tmp_path / "file").touch()
    assert "is no directory" in push(tmp_path / "file", segment, status=3)
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "wal").touch()
    assert "Not a directory" in push(blocked, segment, status=3)
    live = history.cluster.wal / history.segments[-1]
    assert "does not exist" in push(tmp_path / "unmounted", live, status=3)


def test_a_full_disk_leaves_nothing_half_written(segment: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    segment.write_bytes(segment.read_bytes()[:4096] + os.urandom(2**24 - 4096))

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))

    command = [sys.executable, "-m", "querysafe", "backup", "wal-push", str(segment)]
    done = subprocess.run(
        [*command, "--repository", str(store)],
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 3
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [path for path in store.rglob("*") if path.is_file() and "wal" in path.parts]
    push(store, segment)
    fetch(store, segment.name, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == segment.read_bytes()


def test_histories_marks_of_backups_and_partial_segments_are_archived(
    history: History, repository: Path, tmp_path: Path, segment: Path
) -> None:
    (mark,) = history.cluster.wal.glob("*.backup") or [None]
    files = {
        f"{segment.name}.partial": segment.read_bytes(),
        "00000002.history": b"1\t0/5000000\tx\n",
    }
    files["000000010000000000000002.00000099.backup"] = b"START WAL LOCATION: 0/2000099\n"
    for name, data in files.items():
        path = tmp_path / name
        path.write_bytes(data)
        push(repository, path)
        push(repository, path)
        fetch(repository, name, tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == data
    assert mark is None or stored(repository, mark.name)


def test_what_is_archived_comes_back_and_what_is_damaged_does_not(
    history: History, repository: Path, tmp_path: Path
) -> None:
    name, back = history.segments[1], tmp_path / "back"
    fetch(repository, name, back)
    assert back.stat().st_size == 16 * 2**20
    back.unlink()
    place = stored(repository, name)
    place.write_bytes(place.read_bytes()[:-9])
    assert name in fetch(repository, name, back, status=255)
    assert not back.exists()


def test_only_the_end_of_the_archive_is_an_end(
    history: History, repository: Path, tmp_path: Path
) -> None:
    back = tmp_path / "back"
    last = history.segments[-1]
    beyond = f"{last[:16]}{int(last[16:], 16) + 9:08X}"
    for absent in (beyond, "000000020000000000000003", "00000002.history"):
        assert "absent" in fetch(repository, absent, back, status=1)
    stored(repository, history.segments[1]).unlink()
    assert "is missing" in fetch(repository, history.segments[1], back, status=255)
    (tmp_path / "empty").mkdir()
    assert "no WAL" in fetch(tmp_path / "empty", last, back, status=255)
    assert "does not exist" in fetch(tmp_path / "gone", last, back, status=255)
    fetch(repository, last, tmp_path / "no" / "where", status=255)
    assert not back.exists()


@pytest.mark.parametrize("arguments", [(), ("--repositry", "x"), ("--system",)])
def test_a_mistyped_restore_command_does_not_end_a_recovery(arguments: tuple[str, ...]) -> None:
    run("wal-fetch", "000000010000000000000003", "x", *arguments, status=255)


@pytest.mark.parametrize("stderr", ["/dev/full", "&-"])
def test_a_failure_that_nobody_can_read_does_not_end_a_recovery(
    tmp_path: Path, stderr: str
) -> None:
    name, back = "000000010000000000000003", tmp_path / "back"
    command = [sys.executable, "-m", "querysafe", "backup", "wal-fetch", name, str(back)]
    command += ["--repository", str(tmp_path / "gone")]
    done = subprocess.run(["sh", "-c", f"{shlex.join(command)} 2>{stderr}"], check=False)
    assert done.returncode == 255


def test_expire_keeps_the_wal_from_the_oldest_kept_base_backup_on(
    history: History, repository: Path
) -> None:
    early = "000000010000000000000001"
    before = contents(repository)
    dry = run("expire", "--repository", repository, "--dry-run").output
    assert f'"{history.base}" is the oldest base backup that is kept' in dry
    assert f"would expire 1 files of WAL, {early} to {early}" in dry
    assert contents(repository) == before
    run("expire", "--repository", repository)
    left = set(contents(repository))
    gone = [name for name in before if name not in left]
    assert [early in name for name in gone] == [True]
    shutil.rmtree(repository / "backups")
    run("expire", "--repository", repository)
    assert {name for name in left if name.startswith("wal/")} <= set(contents(repository))
