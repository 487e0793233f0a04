"""A table of hundreds of millions of rows, to which one only adds, within a small budget."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
import pytest

from querysafe.advice.advice import Advice
from querysafe.advice.advising import Limits, advise
from querysafe.advice.planning import open_planner
from querysafe.postgres import Cluster, Database
from tests.integration.advice.choice.conftest import spelled, workload

HUGE = {"readings": 2e8}
DAY = (
    "SELECT avg(value) FROM readings WHERE created_at >= '2025-05-01' AND created_at < '2025-05-02'"
)
BY_DEVICE = "SELECT * FROM readings WHERE device_id = $1"


@pytest.fixture(scope="module")
def readings(cluster: Cluster) -> Database:
    database = cluster.create_database("readings")
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE readings (id bigint PRIMARY KEY, device_id int NOT NULL, "
            "value float NOT NULL, created_at timestamptz NOT NULL DEFAULT now())"
        )
    return database


@contextmanager
def _advised(
    database: Database, sql: str, rows: Mapping[str, float], budget_bytes: int | None
) -> Iterator[Advice]:
    with open_planner(database.dsn, rows=rows) as planner:
        params = [[7]] if "$1" in sql else [[]]
        yield advise(workload([(9, sql, params)]), planner, Limits(budget_bytes=budget_bytes))


def test_a_summary_of_blocks_is_advised_where_no_tree_fits(readings: Database) -> None:
    with _advised(readings, DAY, HUGE, 100_000_000) as advice:
        assert [spelled(each.index) for each in advice.indexes] == ["brin readings (created_at)"]
        assert advice.indexes[0].bytes < 10_000_000
        assert advice.effects[0].after < advice.effects[0].before / 1.5
        assert "by itself it takes more than the budget" in [each.why for each in advice.absent]


@pytest.mark.parametrize(
    ("sql", "rows", "budget_bytes"),
    [(DAY, {"readings": 9e4}, 1_000_000), (BY_DEVICE, HUGE, 100_000_000)],
    ids=["a table that is not huge", "a column that does not follow the rows"],
)
def test_no_summary_is_advised_where_it_would_skip_nothing(
    readings: Database, sql: str, rows: Mapping[str, float], budget_bytes: int
) -> None:
    with _advised(readings, sql, rows, budget_bytes) as advice:
        assert advice.indexes == []


def test_what_is_bigger_than_the_budget_never_comes_in(readings: Database) -> None:
    with _advised(readings, DAY, HUGE, None) as advice:
        (free,) = advice.indexes
        assert free.index.method == "btree"
        assert free.bytes > 1_000_000_000
    with _advised(readings, DAY, HUGE, free.bytes - 1) as advice:
        assert sum(each.bytes for each in advice.indexes) < free.bytes
