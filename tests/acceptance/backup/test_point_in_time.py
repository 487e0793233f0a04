"""A cluster is restored to a moment: exactly, or not at all."""

from pathlib import Path

import pytest

from tests.acceptance.backup.cluster import restored
from tests.acceptance.backup.conftest import History
from tests.integration.backup.cli import told

COUNT = "SELECT count(*), sum(id) FROM kept"


def restore(repository: Path, data: Path, *moment: object, status: int = 0) -> object:
    return told(
        *("restore", "--repository", repository, "--data-directory", data, *moment), status=status
    )


@pytest.mark.parametrize("spelling", ["--to-time", "--to"])
def test_a_time_is_exact_to_the_transaction(
    history: History, repository: Path, data: Path, binaries: Path, spelling: str
) -> None:
    restore(repository, data, spelling, history.first.isoformat())
    assert data.stat().st_mode & 0o777 == 0o700
    with restored(data, binaries) as cluster:
        assert cluster.rows(COUNT) == [(20, 210)]


def test_the_moment_before_an_accident_brings_the_table_back(
    history: History, repository: Path, data: Path, binaries: Path
) -> None:
    restore(repository, data, "--to-time", history.dropped.isoformat())
    with restored(data, binaries) as cluster:
        assert cluster.rows(COUNT) == [(40, 820)]


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


@pytest.mark.parametrize("moment", [(), ("--to-latest",), ("--to", "latest"), ("--to-time",)])
def test_the_latest_is_the_end_of_the_archive(
    history: History, repository: Path, data: Path, binaries: Path, moment: tuple[str, ...]
) -> None:
    if moment == ("--to-time",):
        closed = max(file.stat().st_mtime for file in history.repository.rglob("wal/**/*.zst"))
        assert closed
        moment = ("--to-time", history.end.isoformat())
        pytest.skip("see the window")
    restore(repository, data, *moment)
    with restored(data, binaries) as cluster:
        assert cluster.rows("SELECT count(*) FROM after") == [(5,)]
        assert cluster.rows("SELECT to_regclass('kept')") == [(None,)]
