"""A planner over a throw-away clone."""

import os
from collections.abc import Iterator

import pytest

from querysafe.advice.index import Index, Key, Table
from querysafe.advice.planner import Planner, Refused
from querysafe.advice.planning import open_planner
from querysafe.advice.planning.errors import PlanningError
from querysafe.advice.workload import Sample
from querysafe.postgres import Cluster, Database
from tests.integration.advice.planning.conftest import SCHEMA, databases, execute, index, planned


@pytest.fixture(scope="module")
def planner(cluster: Cluster) -> Iterator[Planner]:
    """One for all tests that only ask; a candidate is there only where it is enabled."""
    name = f"plans_{os.getpid()}_shared"
    execute(cluster.create_database(name), SCHEMA)
    with open_planner(cluster.url(name, driver="")) as opened:
        yield opened
    cluster.drop_database(name)


RECENT = "SELECT * FROM orders WHERE status = $1 ORDER BY created_at DESC LIMIT 20"


def test_an_empty_table_is_planned_as_one_of_many_rows(planner: Planner) -> None:
    by_key = planned(planner, "SELECT * FROM orders WHERE id = $1", 7)
    unindexed = planned(planner, "SELECT * FROM orders WHERE note = $1", "x")
    assert planner.basis.name == "assumed"
    assert "1,000,000" in planner.basis.words
    assumed = {each.table.name: each.rows for each in planner.basis.assumed}
    assert assumed["customers"] < assumed["orders"] < assumed["order_items"] == 1_000_000
    assert by_key.indexes == {"orders_pkey"}
    assert not unindexed.indexes
    assert unindexed.cost > 1000 * by_key.cost


def test_declared_rows_are_what_the_planner_sees(shop: Database) -> None:
    with open_planner(shop.dsn, rows={"orders": 50_000_000, "products": 12}) as planner:
        relations = planner.relations()
        few = planned(planner, "SELECT * FROM products WHERE id = $1", 3)
    assert planner.basis.name == "declared"
    assert relations[Table("public", "orders")].rows == 50_000_000
    assert relations[Table("public", "orders")].bytes > 2**30
    assert not few.indexes


def test_a_candidate_is_used_only_where_it_is_enabled(planner: Planner) -> None:
    offers, refused = planner.offer([index("orders", "status", "created_at")])
    before = planned(planner, RECENT, "paid")
    after = planned(planner, RECENT, "paid", enabled=offers)
    again = planned(planner, RECENT, "paid")
    assert not refused
    assert before.indexes == set()
    assert after.indexes == {offers[0].name}
    assert after.cost < before.cost / 100
    assert again == before


@pytest.mark.parametrize(
    ("candidate", "sql"),
    [
        (
            index("customers", "tags", method="gin"),
            "SELECT * FROM customers WHERE tags @> ARRAY['rare']",
        ),
        (
            index("customers", "country", where="\"status\" = 'gone'"),
            "SELECT * FROM customers WHERE country = 'at' AND status = 'gone'",
        ),
        (
            index("order_items", "product_id", include=("quantity",)),
            "SELECT quantity FROM order_items WHERE product_id = 5",
        ),
        (index("events", "customer_id"), "SELECT * FROM events WHERE customer_id = 5"),
    ],
    ids=["gin", "partial", "covering", "partitioned"],
)
def test_every_kind_of_index_is_planned(planner: Planner, candidate: Index, sql: str) -> None:
    offers, refused = planner.offer([candidate])
    assert not refused
    assert offers[0].bytes > 8192
    assert planned(planner, sql, enabled=offers).indexes == {offers[0].name}
    assert offers[0].name not in planned(planner, sql).indexes


def test_an_extension_comes_with_the_candidate_that_needs_it(shop: Database) -> None:
    execute(shop, "DROP EXTENSION pg_trgm")
    trigram = index("orders", method="gin", extensions=("pg_trgm",))
    trigram = type(trigram)(
        table=trigram.table,
        keys=(Key(column="note", operator_class="gin_trgm_ops"),),
        method="gin",
        extensions=("pg_trgm",),
    )
    with open_planner(shop.dsn) as planner:
        offers, refused = planner.offer([trigram])
        plan = planned(planner, "SELECT * FROM orders WHERE note ILIKE '%abcdef%'", enabled=offers)
    assert not refused
    assert plan.indexes == {offers[0].name}


def test_a_candidate_that_cannot_be_is_refused_in_the_words_of_the_server(planner: Planner) -> None:
    offers, refused = planner.offer([index("orders", "nowhere"), index("orders", "note")])
    assert [each.index for each in offers] == [index("orders", "note")]
    assert [each.why for each in refused] == ['column "nowhere" does not exist']


def test_an_offer_of_which_all_is_refused_changes_no_plan(planner: Planner) -> None:
    offers, _ = planner.offer([index("orders", "note")])
    statement = "SELECT * FROM orders WHERE note = $1"
    without = planned(planner, statement, "first")
    assert not without.indexes
    assert planner.offer([index("orders", "nowhere")])[0] == []
    after = planned(planner, statement, "second")
    assert (after.cost, after.indexes) == (without.cost, frozenset())
    used = planned(planner, statement, "third", enabled=offers)
    assert used.indexes == {offers[0].name}


def test_a_candidate_offered_twice_is_made_once(planner: Planner) -> None:
    first, _ = planner.offer([index("orders", "note")])
    second, _ = planner.offer([index("orders", "note"), index("orders", "total")])
    assert second[0] == first[0]
    assert len(second) == 2


@pytest.mark.parametrize(
    ("sql", "values", "why"),
    [
        ("SELECT 1; DROP TABLE orders", (), "multiple commands"),
        ("SELECT 1; DROP TABLE orders", None, "multiple commands"),
        ("SELECT * FROM nowhere", (), 'relation "nowhere" does not exist'),
        ("SELECT * FROM orders WHERE id = $1", ("secret",), "invalid input syntax"),
        ("SELECT * FROM orders WHERE id = 'secret'", (), "invalid input syntax"),
        ("SELECT * FROM 'secret'", (), "at or near a literal"),
        ("ANALYZE DELETE FROM orders", (), "syntax error"),
        ("SELECT $1", ("a\0b",), "NUL"),
    ],
)
def test_a_sample_that_cannot_be_planned_is_refused_without_its_values(
    planner: Planner, sql: str, values: tuple[object, ...] | None, why: str
) -> None:
    found = planner.plan(Sample(sql, values))
    assert isinstance(found, Refused)
    assert why in found.why
    assert "secret" not in found.why
    planned(planner, "SELECT * FROM orders")


def test_a_clone_is_gone_at_the_end(shop: Database, cluster: Cluster) -> None:
    before = databases(cluster)
    with open_planner(shop.dsn):
        during = databases(cluster) - before
    with pytest.raises(RuntimeError), open_planner(shop.dsn):
        raise RuntimeError
    assert any(name.startswith("querysafe_clone_") for name in during)
    assert not during & databases(cluster)


def test_rows_of_a_table_that_is_not_there_are_refused(shop: Database) -> None:
    with pytest.raises(PlanningError, match="nowhere"), open_planner(shop.dsn, rows={"nowhere": 1}):
        pass


def test_a_database_without_tables_is_refused(cluster: Cluster) -> None:
    with (
        pytest.raises(PlanningError, match="no tables"),
        open_planner(cluster.url("template1", driver="")),
    ):
        pass


@pytest.mark.parametrize(
    ("table", "expression", "condition", "share"),
    [
        ("customers", "upper(email)", "upper(email) = 'X'", (0, 0.00002)),
        ("customers", "lower(status)", "lower(status) = 'active'", (0.55, 0.65)),
        (
            "orders",
            "date_trunc('day', created_at AT TIME ZONE 'UTC')",
            "date_trunc('day', created_at AT TIME ZONE 'UTC') = '2026-03-01'",
            (0.0005, 0.0015),
        ),
        ("orders", "customer_id % 10", "customer_id % 10 = 3", (0.004, 0.006)),
    ],
    ids=["unique", "few", "days", "unknown"],
)
def test_a_candidate_on_an_expression_knows_how_its_values_are_spread(
    planner: Planner, table: str, expression: str, condition: str, share: tuple[float, float]
) -> None:
    candidate = Index(table=Table("public", table), keys=(Key(expression=expression),))
    offers, refused = planner.offer([candidate])
    plan = planned(planner, f"SELECT id FROM {table} WHERE {condition}", enabled=offers)
    assert not refused
    least, most = share
    rows = planner.relations()[Table("public", table)].rows
    assert least * rows <= plan.root["Plan Rows"] <= most * rows
