"""How good the choice is, measured: a web workload and TPC-H, on the databases themselves."""

import math
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest

from querysafe.advice.advice import Advice
from querysafe.advice.advising import Limits, advise
from querysafe.advice.covering import covers
from querysafe.advice.planning import open_planner
from querysafe.advice.sources import gather
from querysafe.advice.workload import Sample, Workload
from querysafe.cli.advise.opening import opened
from querysafe.postgres import Cluster
from querysafe.profile.witnessing import witnessed
from tests.bench.parts.analytics.data import GENERATOR, Analytics, analytics
from tests.integration.advice.choice.conftest import MATERIAL, STATISTICS, spelled, workload
from tests.integration.advice.material.web_queries import READS, TRAPS, WRITES
from tests.requirements import require

pytestmark = pytest.mark.soak
MB = 1_000_000
SECONDS = 60.0
ROOT = Path(__file__).parents[4]


def _mean(advice: Advice, first: int) -> float:
    """Geometric mean of how many times cheaper the first statements became."""
    gains = [math.log(each.before / each.after) for each in advice.effects[:first]]
    return math.exp(sum(gains) / len(gains))


def _is_sound(advice: Advice) -> None:
    indexes = [each.index for each in advice.indexes]
    for each in indexes:
        assert not any(covers(other, each) for other in indexes if other is not each), spelled(each)
    used = {name for effect in advice.effects for name in effect.indexes}
    assert used == {each.name for each in advice.indexes}


def test_sixty_two_web_queries_are_advised_on_in_a_minute(cluster: Cluster) -> None:
    database = cluster.create_database("web_without_rows")
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute((MATERIAL / "web_schema.sql").read_bytes())
    begun = time.monotonic()
    with open_planner(database.dsn, statistics=STATISTICS) as planner:
        advice = advise(workload([*READS, *WRITES, *TRAPS]), planner, Limits(budget_bytes=360 * MB))
    seconds = time.monotonic() - begun
    size = sum(each.bytes for each in advice.indexes) / MB
    mean = _mean(advice, len(READS))
    print(f"web: {mean:.1f}x, {size:.0f} MB, {len(advice.indexes)} indexes, {seconds:.0f} s")
    _is_sound(advice)
    assert seconds < SECONDS
    assert size <= 360
    assert mean > 90
    traps = {effect.statement.sql for effect in advice.effects if effect.indexes}
    assert not traps & {sql for _, sql, _ in TRAPS}


@pytest.fixture(scope="module")
def tpch(cluster: Cluster) -> Analytics:
    """TPC-H at a tenth of scale 1, without keys; rows and queries are made where it is measured."""
    try:
        return analytics("tpch-bare", "0.1", cluster, ROOT, print)
    except subprocess.CalledProcessError as error:
        require(GENERATOR, False, str(error))
        raise


def test_the_prices_on_the_clone_of_tpch_are_those_of_the_built_indexes(tpch: Analytics) -> None:
    asked = gather([witnessed(sql, source="test", calls=1) for sql in tpch.queries])
    with opened(tpch.url, None, None, "auto") as planner:
        advice = advise(asked, planner, Limits(budget_bytes=15 * MB))
    _is_sound(advice)
    assert len(advice.effects) == 22
    with psycopg.connect(tpch.url, autocommit=True) as connection:
        before = _costs(connection, asked)
        for each in advice.indexes:
            connection.execute(each.index.create(each.name).encode())
        connection.execute("VACUUM ANALYZE")
        after = _costs(connection, asked)
        sizes = connection.execute(
            "SELECT sum(pg_relation_size(c.oid)) FROM pg_class AS c WHERE relname = ANY (%s)",
            ([each.name for each in advice.indexes],),
        ).fetchone()
    assert sizes is not None
    real = math.exp(sum(math.log(b / a) for b, a in zip(before, after, strict=True)) / len(before))
    said = _mean(advice, 22)
    print(f"TPC-H: {real:.2f}x built, {said:.2f}x said, {float(sizes[0]) / MB:.1f} MB")
    assert real == pytest.approx(said, rel=0.25)
    assert real > 2
    assert float(sizes[0]) <= 15 * MB * 1.15


def _costs(connection: psycopg.Connection[tuple[object, ...]], asked: Workload) -> Sequence[float]:
    found = []
    for statement in asked.statements:
        sample: Sample = statement.samples[0]
        row = connection.execute(f"EXPLAIN (FORMAT JSON) {sample.sql}".encode()).fetchone()
        assert row is not None
        plan = row[0]
        assert isinstance(plan, list)
        found.append(float(plan[0]["Plan"]["Total Cost"]))
    return found
