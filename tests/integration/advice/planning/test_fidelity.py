"""A clone of a tiny database with production's statistics plans as production does."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from querysafe.advice.planner import Plan, Refused
from querysafe.advice.planning import open_planner
from querysafe.advice.planning.explaining import plan_of
from querysafe.advice.planning.exporting import export
from querysafe.advice.planning.statistics import save
from querysafe.advice.workload import Sample
from querysafe.postgres import Cluster, Database
from tests.integration.advice.planning.conftest import SCHEMA, execute
from tests.integration.advice.planning.workload import CANDIDATES, STATEMENTS

HERE = Path(__file__).parent
LOCALE = "C.UTF-8"


def shape(node: Mapping[str, Any]) -> object:
    kept = tuple(node.get(name, "") for name in ("Node Type", "Relation Name", "Join Type"))
    return (kept, tuple(shape(each) for each in node.get("Plans", ())))


def truth(database: Database, names: Mapping[str, str]) -> list[Plan]:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        found = []
        for statement in STATEMENTS:
            text = f"EXPLAIN (VERBOSE, FORMAT JSON) {statement}".encode()
            row = connection.execute(text).fetchone()
            assert row is not None
            found.append(plan_of(json.dumps(row[0]).encode(), names))
        return found


class Production:
    """The big database with its plans, before and after the candidates are built."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.database = cluster.database("production")
        self.folder = folder

    def build(self, cluster: Cluster) -> None:
        execute(
            cluster.database(),
            f"CREATE DATABASE production TEMPLATE template0 LC_COLLATE '{LOCALE}'",
        )
        execute(self.database, SCHEMA)
        with psycopg.connect(self.database.dsn, autocommit=True) as connection:
            for statement in (HERE / "production.sql").read_text().split(";\n"):
                if statement.strip():
                    connection.execute(statement.encode())
        for values in ("few", "all", "none"):
            found = export(self.database.dsn, values=values).statistics
            save(found, self.folder / f"{values}.json")
        self.keep("before", truth(self.database, {}))
        for number, each in enumerate(CANDIDATES):
            execute(self.database, each.create(f"candidate_{number}"))
        execute(self.database, "VACUUM (FREEZE, ANALYZE)")
        self.keep("after", truth(self.database, self.names()))
        sizes = [
            execute(
                self.database,
                "SELECT sum(pg_relation_size(relid))::bigint "
                f"FROM pg_partition_tree('candidate_{number}')",
            )[0][0]
            or execute(self.database, f"SELECT pg_relation_size('candidate_{number}')")[0][0]
            for number in range(len(CANDIDATES))
        ]
        (self.folder / "sizes.json").write_text(json.dumps(sizes))
        (self.folder / "built").touch()

    def names(self) -> dict[str, str]:
        parts = execute(
            self.database,
            "SELECT c.relname, p.relname FROM pg_inherits "
            "JOIN pg_class c ON c.oid = inhrelid JOIN pg_class p ON p.oid = inhparent "
            "WHERE p.relkind = 'I'",
        )
        return dict(parts)

    def keep(self, name: str, plans: list[Plan]) -> None:
        kept = [(each.cost, each.root, sorted(each.indexes)) for each in plans]
        (self.folder / f"{name}.json").write_text(json.dumps(kept))

    def plans(self, name: str) -> list[Plan]:
        kept = json.loads((self.folder / f"{name}.json").read_text())
        return [Plan(cost=cost, root=root, indexes=frozenset(found)) for cost, root, found in kept]


@pytest.fixture(scope="module")
def production(cluster: Cluster) -> Iterator[Production]:
    folder = cluster.directory / "production"
    with cluster.locked("producing"):
        folder.mkdir(exist_ok=True)
        made = Production(cluster, folder)
        if not (folder / "built").exists():
            made.build(cluster)
    yield made


@pytest.fixture
def tiny(created: Callable[[], Database]) -> Database:
    database = created()
    execute(database, SCHEMA)
    execute(database, (HERE / "sample.sql").read_text())
    return database


def agreement(production: Production, tiny: Database, **how: Any) -> dict[str, Any]:
    """Shares of the statements with the same indexes and the same plan, and the cost's ratio."""
    with open_planner(tiny.dsn, **how) as planner:
        offers, refused = planner.offer(CANDIDATES)
        assert not refused
        names = {each.name: f"candidate_{CANDIDATES.index(each.index)}" for each in offers}
        outcome: dict[str, Any] = {"missed": []}
        for when, enabled in (("before", ()), ("after", offers)):
            same = alike = 0
            ratios = []
            for statement, right in zip(STATEMENTS, production.plans(when), strict=True):
                found = planner.plan(Sample(statement, ()), enabled=enabled)
                assert not isinstance(found, Refused), found.why
                used = {names.get(each, each) for each in found.indexes}
                same += used == right.indexes
                alike += shape(found.root) == shape(right.root)
                ratios.append(math.log(found.cost / right.cost))
                if used != right.indexes:
                    outcome["missed"].append((when, statement, sorted(used), sorted(right.indexes)))
            outcome[when] = same / len(STATEMENTS)
            outcome[f"{when}: plans"] = alike / len(STATEMENTS)
            outcome[f"{when}: cost"] = math.exp(sorted(ratios)[len(ratios) // 2])
        sizes = json.loads((production.folder / "sizes.json").read_text())
        outcome["sizes"] = [
            (each.bytes / size, CANDIDATES[n].definition())
            for n, size in enumerate(sizes)
            for each in offers
            if each.index == CANDIDATES[n]
        ]
    return outcome


def test_with_production_statistics_the_plans_are_those_of_production(
    production: Production, tiny: Database, record_property: Callable[[str, object], None]
) -> None:
    found = agreement(production, tiny, statistics=production.folder / "few.json")
    record_property("agreement", str(found))
    print(json.dumps(found, indent=1))
    assert found["before"] >= 0.95, found["missed"]
    assert found["after"] >= 0.9, found["missed"]
    assert 0.8 < found["after: cost"] < 1.25
    ratios = sorted(ratio for ratio, _ in found["sizes"])
    assert 0.7 < ratios[len(ratios) // 2] < 1.4, found["sizes"]
    assert ratios[0] > 0.2, found["sizes"]
    assert ratios[-1] < 5, found["sizes"]


@pytest.mark.parametrize(("values", "least"), [("all", 0.9), ("none", 0.7)])
def test_more_values_bring_plans_nearer_to_production(
    production: Production, tiny: Database, values: str, least: float
) -> None:
    found = agreement(production, tiny, statistics=production.folder / f"{values}.json")
    print(json.dumps(found, indent=1))
    assert found["before"] >= least, found["missed"]
    assert found["after"] >= least, found["missed"]


def test_guessed_statistics_come_near_to_production(production: Production, tiny: Database) -> None:
    rows = {"customers": 8_000, "orders": 50_000, "order_items": 100_000, "products": 2000}
    found = agreement(production, tiny, rows={**rows, "events": 30_000})
    print(json.dumps(found, indent=1))
    assert found["before"] >= 0.8, found["missed"]
    assert found["after"] >= 0.65, found["missed"]
