"""Which partial and covering indexes are proposed, before any is chosen."""

import pytest

from querysafe.advice import advising
from querysafe.advice.advising import propose
from querysafe.advice.planner import Planner
from querysafe.advice.subjects import plan
from tests.integration.advice.choice.conftest import spelled, workload


def _proposed(planner: Planner, sql: str, params: list[list[object]]) -> set[str]:
    subjects, refused = plan(planner, workload([(1, sql, params)]).statements, 3)
    assert not refused
    return {spelled(each.index) for each in propose(planner, subjects)}


def test_columns_that_are_compared_with_each_other_make_a_partial_index(planner: Planner) -> None:
    sql = "SELECT user_id FROM orders WHERE created_at >= $1 AND deleted_at > shipped_at"
    found = _proposed(planner, sql, [["2025-05-01"], ["2025-05-02"]])
    assert "orders (created_at) where deleted_at > shipped_at" in found
    # What the predicate asks is not carried as well.
    assert "orders (created_at) include (user_id) where deleted_at > shipped_at" in found
    assert "orders (created_at) include (user_id, shipped_at, deleted_at)" in found


def test_the_end_of_a_range_over_few_values_makes_one_where_the_statement_says_it(
    planner: Planner,
) -> None:
    wanted = "order_items (product_id) where quantity > 4"
    written = "SELECT * FROM order_items WHERE product_id = $1 AND quantity > 4"
    assert wanted in _proposed(planner, written, [[7], [8], [9]])
    bound = "SELECT * FROM order_items WHERE product_id = $1 AND quantity > $2"
    assert wanted not in _proposed(planner, bound, [[7, 4], [8, 4], [9, 4]])
    many = "SELECT * FROM orders WHERE user_id = $1 AND total > 100"
    assert not any("where" in each for each in _proposed(planner, many, [[7], [8], [9]]))


def test_of_too_many_candidates_every_statement_has_some(
    planner: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        (1, f"SELECT * FROM {table} WHERE {column} = $1 AND created_at > $2", [[1, "2025-05-01"]])
        for table, column in (
            ("orders", "user_id"),
            ("events", "user_id"),
            ("messages", "author_id"),
        )
    ]
    subjects, refused = plan(planner, workload(lines).statements, 3)
    assert not refused
    monkeypatch.setattr(advising, "_MOST_OFFERS", 6)
    monkeypatch.setattr(advising, "_AT_ONCE", 2)
    found = propose(planner, subjects)
    assert len(found) == 6
    assert {each.index.table.name for each in found} == {"orders", "events", "messages"}
