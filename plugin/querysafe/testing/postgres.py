"""Fixtures: a PostgreSQL server for the session, a database of its own for each test."""

import itertools
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from querysafe.testing.settings import from_pytest

if TYPE_CHECKING:
    from querysafe.postgres import Cluster, Database

TEMPLATE = "querysafe_template"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def querysafe_postgres_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Cluster]":
    """A PostgreSQL server, one for all workers of pytest-xdist."""
    from querysafe.errors import QuerysafeError
    from querysafe.postgres import server

    settings = from_pytest(request.config)
    shared = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        shared = shared.parent
    bin_directory = settings.postgres_bin
    if bin_directory is not None:
        bin_directory = request.config.rootpath / bin_directory
    held = server(
        bin_directory=bin_directory,
        kind=settings.postgres_server,
        shared=shared / "querysafe-postgres",
    )
    try:
        cluster = held.__enter__()
    except QuerysafeError as error:
        pytest.fail(str(error), pytrace=False)
    try:
        yield cluster
    finally:
        held.__exit__(None, None, None)


@pytest.fixture(scope="session")
def querysafe_postgres_prepare() -> "Callable[[Database], None] | None":
    """Override it: return a function that migrates and loads the database tests are copied from."""
    return None


@pytest.fixture(scope="session")
def querysafe_postgres_template(
    querysafe_postgres_server: "Cluster",
    querysafe_postgres_prepare: "Callable[[Database], None] | None",
) -> str | None:
    """The name of the prepared database; made once, whichever worker comes first."""
    if querysafe_postgres_prepare is None:
        return None

    cluster = querysafe_postgres_server
    with cluster.locked("preparing"):
        done = cluster.directory / "prepared"
        if not done.exists():
            cluster.drop_database(TEMPLATE)
            querysafe_postgres_prepare(cluster.create_database(TEMPLATE))
            cluster.seal_database(TEMPLATE)
            done.touch()
    return TEMPLATE


@pytest.fixture
def querysafe_postgres(
    querysafe_postgres_server: "Cluster", querysafe_postgres_template: str | None
) -> "Iterator[Database]":
    """A database for this test alone: empty, or a copy of the prepared one."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    database = querysafe_postgres_server.create_database(name, template=querysafe_postgres_template)
    yield database
    querysafe_postgres_server.drop_database(name)
