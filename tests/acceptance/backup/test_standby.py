"""Backups that are taken of a standby, so that the primary does not pay for them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.backup.cluster import (
    Cluster,
    archiver,
    as_server,
    initialised,
    place,
    restored,
)
from tests.integration.backup.cli import create, run, told


@pytest.fixture
def pair(binaries: Path) -> Iterator[tuple[Cluster, Cluster, Path]]:
    """A primary that archives, its standby, and the repository."""
    folder, other = place("primary"), place("standby")
    repository = folder / "repository"
    as_server(["mkdir", repository])
    try:
        with archiver(folder, repository) as command:
            primary = initialised(
                folder,
                binaries,
                "--wal-segsize=1",
                archive_command=command,
                max_wal_size="4MB",
                min_wal_size="2MB",
            )
            primary.start()
            primary.rows("CREATE TABLE item AS SELECT generate_series(1, 100) AS n")
            primary.rows("CREATE UNLOGGED TABLE passing AS SELECT 7 AS n")
            standby = Cluster(data=other / "data", sockets=other, binaries=binaries)
            basebackup = [binaries / "pg_basebackup", "-D", standby.data, "-d", primary.dsn]
            as_server([*basebackup, "-R", "-c", "fast", "--no-sync"])
            standby.start("archive_mode=off")
            yield primary, standby, repository
            standby.stop("immediate")
            primary.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(other, ignore_errors=True)


def test_a_base_backup_of_a_standby_restores_to_what_the_primary_archived_since(
    pair: tuple[Cluster, Cluster, Path],
) -> None:
    primary, standby, repository = pair
    made = create(standby.dsn, repository, "--kind", "base")
    primary.rows("INSERT INTO item SELECT generate_series(101, 120)")
    primary.switch()
    run("verify", "--repository", repository, "--id", made["id"])
    folder = place("restored")
    try:
        run("restore", "--repository", repository, "--data-directory", folder / "data")
        with restored(folder / "data", primary.binaries) as again:
            assert again.rows("SELECT count(*)::int, max(n) FROM item") == [(120, 120)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_logical_backup_of_a_standby_leaves_the_rows_of_unlogged_tables_out(
    pair: tuple[Cluster, Cluster, Path],
) -> None:
    primary, standby, repository = pair
    create(standby.dsn, repository)
    rows = {
        each["table"]: each["rows"] for each in told("show", "--repository", repository)["contents"]
    }
    assert rows == {"public.item": 100, "public.passing": 0}
    target = primary.dsn.replace("/postgres?", "/again?")
    run("restore", "--repository", repository, "--target", target)
