"""The choice is made for the whole workload, within limits, and each index pays for itself."""

from collections.abc import Callable

from querysafe.advice.advice import Advice
from querysafe.advice.covering import covers
from querysafe.advice.planner import Planner
from querysafe.advice.workload import Statement
from tests.integration.advice.choice.conftest import spelled
from tests.integration.advice.material.web_queries import READS, TRAPS, WRITES

Advised = Callable[..., Advice]
ITEMS = "SELECT * FROM order_items WHERE order_id = $1"
BY_PRODUCT = "SELECT * FROM order_items WHERE product_id = $1"


def test_a_deleted_row_is_looked_up_in_every_table_that_refers_to_it(advised: Advised) -> None:
    advice = advised((50, "DELETE FROM orders WHERE id = $1", [[7]]))
    assert sorted(spelled(each.index) for each in advice.indexes) == [
        "invoices (order_id)",
        "order_items (order_id)",
    ]
    assert "is deleted" in advice.indexes[0].evidence[0].statement.sql


def test_a_foreign_key_that_nothing_deletes_by_is_named_and_left(advised: Advised) -> None:
    advice = advised((50, "SELECT * FROM order_items WHERE order_id = $1", [[7], [8]]))
    (absent,) = [each for each in advice.absent if each.index.keys[0].column == "product_id"]
    assert "foreign key" in absent.why


def test_indexes_that_cost_more_to_write_than_they_save_are_not_advised(advised: Advised) -> None:
    read = (1, "SELECT * FROM notifications WHERE kind = $1 AND created_at > $2",
            [["reply", "2025-05-29"], ["mention", "2025-05-28"]])  # fmt: skip
    write = (
        1_000_000,
        "INSERT INTO notifications (id, user_id, kind, is_read, created_at) "
        "VALUES ($1, 1, 'reply', false, now())",
        [[-1]],
    )
    assert advised(read).indexes
    assert not advised(read, write).indexes
    assert advised(read, write, write_penalty=0.0).indexes


def test_the_budget_is_kept_and_spent_on_what_is_called_most(advised: Advised) -> None:
    often, rarely = (90_000, ITEMS, [[7], [8]]), (1, BY_PRODUCT, [[7], [8]])
    both = advised(often, rarely)
    assert len(both.indexes) == 2
    size = max(each.bytes for each in both.indexes)
    one = advised(often, rarely, budget_bytes=int(size * 1.05))
    assert [spelled(each.index) for each in one.indexes] == ["order_items (order_id)"]
    assert any("budget" in each.why for each in one.absent)


def test_a_table_gets_no_more_indexes_than_the_limit(advised: Advised) -> None:
    advice = advised((9, ITEMS, [[7]]), (5, BY_PRODUCT, [[7]]), per_table=1)
    assert len(advice.indexes) == 1


def test_statements_share_one_index_where_it_serves_both(advised: Advised) -> None:
    advice = advised(
        (9, "SELECT * FROM orders WHERE user_id = $1", [[7], [8]]),
        (9, "SELECT * FROM orders WHERE user_id = $1 ORDER BY created_at DESC LIMIT 3", [[7], [8]]),
    )
    assert len(advice.indexes) == 1
    assert len(advice.indexes[0].evidence) == 2


def test_no_index_is_made_redundant_by_another_and_each_is_used(
    advised: Advised, planner: Planner
) -> None:
    advice = advised(*READS[:20], *WRITES, *TRAPS, budget_bytes=200_000_000)
    indexes = [each.index for each in advice.indexes]
    assert len(indexes) > 10
    assert sum(each.bytes for each in advice.indexes) <= 200_000_000
    for each in indexes:
        assert not any(covers(other, each) for other in indexes if other is not each)
    offers, refused = planner.offer(indexes)
    assert not refused
    used: set[str] = set()
    for effect in advice.effects:
        for sample in effect.statement.samples:
            used |= getattr(planner.plan(sample, enabled=offers), "indexes", set())
    assert {offer.name for offer in offers} <= used


def test_what_the_database_refuses_is_told_and_stops_nothing(advised: Advised) -> None:
    advice = advised((1, "SELECT * FROM absent WHERE a = $1", [[1]]), (1, ITEMS, [[7]]))
    (refused,) = advice.refused
    assert isinstance(refused.what, Statement)
    assert "absent" in refused.why
    assert advice.indexes


def test_the_same_workload_gets_the_same_advice(advised: Advised) -> None:
    first, second = (advised(*READS[4:9]) for _ in range(2))
    assert [spelled(each.index) for each in first.indexes] == [
        spelled(each.index) for each in second.indexes
    ]


def test_of_thousands_of_statements_the_dearest_are_advised_on(advised: Advised) -> None:
    advice = advised(
        (1, "SELECT * FROM categories WHERE id = $1", [[7]]),
        (9, ITEMS, [[7]]),
        (1, "SELECT * FROM users WHERE id = $1", [[7]]),
        (1, "UPDATE products SET stock = 1 WHERE id = $1", [[7]]),
        statements=1,
    )
    assert [each.statement.sql.split()[0] for each in advice.effects] == ["SELECT", "UPDATE"]
    assert advice.workload.set_aside == {"beyond the 1 dearest": 2}
    assert [spelled(each.index) for each in advice.indexes] == ["order_items (order_id)"]


def test_a_search_that_has_no_time_chooses_by_what_it_knows(advised: Advised) -> None:
    advice = advised(*READS[:20], seconds=0.0, budget_bytes=60_000_000)
    assert len(advice.indexes) > 5
    assert sum(each.bytes for each in advice.indexes) <= 60_000_000
    for each in advice.indexes:
        assert any(effect.after < effect.before for effect in each.evidence)
