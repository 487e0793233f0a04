"""A bench with a directory, and one with S3 behind a proxy that does harm."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from querysafe.postgres.cluster import Cluster
from tests.acceptance.faults.bench import Bench
from tests.acceptance.faults.proxy import Proxy
from tests.integration.backup.s3 import BUCKET, Store, environment, store


@pytest.fixture
def bench(querysafe_postgres_server: Cluster, tmp_path: Path) -> Iterator[Bench]:
    name = f"faults_{secrets.token_hex(4)}"
    querysafe_postgres_server.create_database(name)
    made = Bench(
        cluster=querysafe_postgres_server, database=name, repository=str(tmp_path / "repository")
    )
    yield made
    for left in made.databases():
        querysafe_postgres_server.drop_database(left)


@pytest.fixture
def shop(bench: Bench) -> Bench:
    """A bench whose database has something in it."""
    bench.fill()
    return bench


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with store(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def proxy(s3: Store) -> Iterator[Proxy]:
    with Proxy(s3.port) as running:
        yield running


@pytest.fixture
def remote(bench: Bench, proxy: Proxy) -> Bench:
    """A bench whose repository is a bucket behind the proxy."""
    bench.fill()
    return Bench(
        cluster=bench.cluster,
        database=bench.database,
        repository=f"s3://{BUCKET}/{bench.database}",
        environment=environment(proxy.port),
    )
