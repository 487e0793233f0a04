"""One history of a cluster, lived through once and restored from many times."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from querysafe.backup.contents import Snapshot, settle, take
from querysafe.postgres.programs import SYSTEM, embedded_directory
from tests.acceptance.backup.cluster import Cluster, archiver, initialised, place, using
from tests.integration.backup.cli import run, told
from tests.integration.backup.extensions import AVAILABLE, adapted
from tests.requirements import require

SCHEMA = (Path(__file__).parents[2] / "integration" / "backup" / "schema.sql").read_text("utf-8")


@dataclass(frozen=True, kw_only=True)
class History:
    """A cluster that was backed up, changed, and lost a table; its server is stopped."""

    cluster: Cluster
    repository: Path
    before: datetime
    """Before the base backup."""
    base: str
    first: datetime
    """Two transactions of ten rows each are in, and nothing else."""
    first_lsn: str
    segments: tuple[str, ...]
    """Archived after the backup, each with one transaction of ten rows."""
    point: str
    """A restore point: the table is whole, with 40 rows."""
    dropped: datetime
    """Just before the table was dropped."""
    missing: tuple[str, ...]
    """Extensions that the hard schema goes without, for the server has them not."""
    hard: Snapshot
    """Every table of the hard schema, at the restore point."""
    end: datetime
    """After everything; nothing of it is missing in the archive."""


@pytest.fixture(
    scope="session",
    params=[
        "embedded",
        pytest.param("system", marks=pytest.mark.soak),
        pytest.param("other", marks=pytest.mark.soak),
    ],
)
def binaries(request: pytest.FixtureRequest) -> Path:
    """Where the programs of the server are; ``other`` are those that a variable names."""
    if request.param == "embedded":
        found = embedded_directory()
    elif request.param == "system":
        found = next(iter(sorted(SYSTEM.glob("*/bin"), reverse=True)), None)
    else:
        named = os.environ.get("OTHER_POSTGRES_BIN")
        found = Path(named) if named else None
    require(f"postgres-{request.param}", found is not None, "its programs are not there")
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def _programs_of_the_server(request: pytest.FixtureRequest) -> Iterator[None]:
    """Commands find them for as long as a test of such a server runs, and no longer."""
    if "binaries" not in request.fixturenames:
        yield
        return
    with using(request.getfixturevalue("binaries")):
        yield


@pytest.fixture(scope="session")
def history(binaries: Path) -> Iterator[History]:
    folder = place("history")
    repository = folder / "repository"
    try:
        with using(binaries), archiver(folder, repository) as command:
            cluster = initialised(folder, binaries, archive_command=command)
            cluster.start()
            try:
                lived = live(cluster, repository)
            finally:
                cluster.stop("immediate")
        yield lived
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def live(cluster: Cluster, repository: Path) -> History:
    """What happens to the cluster."""
    before = cluster.now()
    cluster.rows("CREATE DATABASE hard")
    cluster.rows("CREATE TABLE kept (id int PRIMARY KEY, word text)")
    insert(cluster, 0)
    base = told(
        *("create", "--database", cluster.dsn, "--repository", repository, "--kind", "base")
    )["id"]
    segments = []
    insert(cluster, 1)
    first, first_lsn = cluster.now(), cluster.lsn()
    segments.append(cluster.switch())
    insert(cluster, 2)
    segments.append(cluster.switch())
    insert(cluster, 3)
    with cluster.connect() as connection:
        available = [name for (name,) in connection.execute(AVAILABLE).fetchall()]
        schema, missing = adapted(SCHEMA, available)
        connection.execute(schema.encode())
    hard = counted(cluster)
    run("restore-point", "whole", "--database", cluster.dsn)
    dropped = cluster.now()
    cluster.rows("DROP TABLE kept")
    segments.append(cluster.switch())
    cluster.rows("CREATE TABLE after AS SELECT generate_series(1, 5) AS id")
    segments.append(cluster.switch())
    end = cluster.now()
    cluster.stop()
    return History(
        cluster=cluster,
        repository=repository,
        before=before,
        base=base,
        first=first,
        first_lsn=first_lsn,
        segments=tuple(segments),
        point="whole",
        dropped=dropped,
        missing=missing,
        hard=hard,
        end=end,
    )


def counted(cluster: Cluster) -> Snapshot:
    """Every table of the hard schema, counted and hashed."""
    with cluster.connect() as connection:
        settle(connection)
        return take(connection, hashed=True)


def stored(repository: Path, segment: str) -> Path:
    """The file of a segment in a repository."""
    (found,) = repository.rglob(f"{segment}-*")
    return found


def insert(cluster: Cluster, batch: int) -> None:
    """One transaction of ten rows."""
    cluster.rows(
        f"INSERT INTO kept SELECT id, md5(id::text) "
        f"FROM generate_series({batch * 10 + 1}, {batch * 10 + 10}) AS id"
    )


@pytest.fixture
def repository(history: History, tmp_path: Path) -> Path:
    """A copy of the repository, whose files are all as old as the copy."""
    copy = tmp_path / "repository"
    shutil.copytree(history.repository, copy, copy_function=shutil.copyfile)
    return copy


@pytest.fixture
def data() -> Iterator[Path]:
    """Where to restore to: a directory that is not there."""
    folder = place("data")
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)
