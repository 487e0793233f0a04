"""Samples of a statement: literals, values of every type, and none at all."""

import datetime
import decimal
import enum
import os
import re
import uuid
from collections.abc import Iterator

import psycopg
import pytest

from querysafe.advice.planner import Plan, Planner
from querysafe.advice.planning import open_planner
from querysafe.advice.workload import Sample
from querysafe.postgres import Cluster
from tests.integration.advice.planning.conftest import SCHEMA, execute


class Mood(enum.Enum):
    happy = 1


@pytest.fixture(scope="module")
def planner(cluster: Cluster) -> Iterator[Planner]:
    name = f"samples_{os.getpid()}"
    execute(cluster.create_database(name), SCHEMA)
    with open_planner(cluster.url(name, driver="")) as opened:
        yield opened
    cluster.drop_database(name)


def filtered(planner: Planner, sql: str, values: tuple[object, ...] | None) -> str:
    found = planner.plan(Sample(sql, values))
    assert isinstance(found, Plan), found.why
    return str(found.root)


@pytest.mark.parametrize(
    ("sql", "value", "shown"),
    [
        ("SELECT * FROM orders WHERE total = $1", decimal.Decimal("12.50"), "12.50"),
        ("SELECT * FROM customers WHERE is_admin = $1", True, "is_admin"),
        ("SELECT * FROM customers WHERE mood = $1", Mood.happy, "happy"),
        ("SELECT * FROM customers WHERE id = ANY ($1)", [1, 2, 3], "{1,2,3}"),
        ("SELECT * FROM customers WHERE name = ANY ($1)", ['a"b', "c,d"], "c,d"),
        ("SELECT * FROM customers WHERE profile @> $1", {"plan": "pro"}, '"plan": "pro"'),
        ("SELECT * FROM customers WHERE profile @> $1", [{"plan": "pro"}], '"plan": "pro"'),
        (
            "SELECT * FROM orders WHERE created_at > $1",
            datetime.datetime(2024, 5, 6, 7, tzinfo=datetime.UTC),
            "2024-05-06",
        ),
        ("SELECT * FROM events WHERE at = $1", datetime.date(2024, 5, 6), "2024-05-06"),
        (
            "SELECT * FROM products WHERE sku = $1",
            uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
            "6ba7b810",
        ),
        (
            "SELECT * FROM orders WHERE created_at > now() - $1",
            datetime.timedelta(days=3),
            "3 days",
        ),
        ("SELECT * FROM orders WHERE note = $1", b"x", "78"),
        ("SELECT * FROM orders WHERE note = $1", None, "Result"),
        ("SELECT jsonb_build_object('a', $1) FROM orders", 5, "'5'"),
        ("SELECT * FROM orders WHERE id + $1 > 100 LIMIT 5", 7, "7"),
        ("SELECT * FROM orders WHERE note LIKE '100%' AND id % 7 = $1", 3, "100%"),
    ],
)
def test_a_value_is_bound_as_its_driver_would(
    planner: Planner, sql: str, value: object, shown: str
) -> None:
    assert shown in filtered(planner, sql, (value,)).replace("\\", "")


def test_a_known_value_is_planned_as_a_constant(planner: Planner) -> None:
    sql = "SELECT * FROM customers WHERE status = $1"
    rows = {}
    for value in ("active", "gone"):
        plan = planner.plan(Sample(sql, (value,)))
        assert isinstance(plan, Plan)
        rows[value] = plan.root["Plan Rows"]
    assert rows["active"] > 2 * rows["gone"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM orders WHERE customer_id = $1 ORDER BY created_at DESC LIMIT $2",
        "SELECT * FROM events WHERE at = $1 AND customer_id = $2",
        "UPDATE orders SET note = $1 WHERE id = $2",
        "INSERT INTO order_items (order_id, product_id, quantity) VALUES ($1, $2, 3)",
        "DELETE FROM orders WHERE id = $1 AND note = $2",
        "SELECT * FROM orders WHERE id = $1 AND note = $2 FOR UPDATE",
    ],
)
def test_unknown_values_get_the_generic_plan(planner: Planner, sql: str) -> None:
    text = filtered(planner, sql, None)
    assert "INSERT" in sql or "$" in text
    assert not re.search(r"Subplans Removed': [1-9]", text)
    assert "NULL::" not in text


def test_a_generic_plan_reads_every_partition(planner: Planner) -> None:
    text = filtered(planner, "SELECT * FROM events WHERE at = $1", None)
    assert "events_2024" in text
    assert "events_2025" in text


def test_a_generic_plan_leaves_the_session_as_it_was(planner: Planner) -> None:
    sql = "SELECT * FROM events WHERE at = $1"
    filtered(planner, sql, None)
    assert "events_2025" not in filtered(planner, sql, ("2024-03-04",))


def test_a_generic_plan_leaves_the_statements_that_the_driver_has_prepared(
    planner: Planner,
) -> None:
    connection: psycopg.Connection = planner.connection  # type: ignore[attr-defined]
    twice = "SELECT 2 * %s::int"
    connection.execute(twice, (1,), prepare=True)
    filtered(planner, "SELECT * FROM events WHERE at = $1", None)
    assert connection.execute(twice, (2,), prepare=True).fetchone() == (4,)
    left = "SELECT FROM pg_prepared_statements WHERE name = 'querysafe_generic'"
    assert connection.execute(left).fetchall() == []


def test_what_a_statement_touches_decides_what_is_planned_again(planner: Planner) -> None:
    from tests.integration.advice.planning.conftest import index

    offers, _ = planner.offer([index("products", "price"), index("orders", "total")])
    sample = Sample("SELECT * FROM products WHERE price = 5", ())
    alone = planner.plan(sample, enabled=offers[:1])
    both = planner.plan(sample, enabled=offers)
    assert alone is both
    assert planner.plan(sample, enabled=offers[1:]) is planner.plan(sample)
