"""Each kind of index is advised where it serves, and nothing where none does."""

from collections.abc import Callable, Sequence

import pytest

from querysafe.advice.advice import Advice
from tests.integration.advice.choice.conftest import spelled

Advised = Callable[..., Advice]

KINDS: list[tuple[str, list[list[object]] | None, str]] = [
    ("SELECT * FROM order_items WHERE order_id = $1", [[7], [8]], "order_items (order_id)"),
    ("SELECT * FROM order_items WHERE order_id = $1", None, "order_items (order_id)"),
    ("SELECT * FROM orders WHERE organisation_id = $1 ORDER BY created_at DESC LIMIT 5", [[7], [9]],
     "orders (organisation_id, created_at)"),
    ("SELECT * FROM events WHERE user_id = $1 AND created_at >= $2 AND kind = $3",
     [[7, "2025-05-01", "view"], [8, "2025-04-01", "click"]],
     "events (user_id, kind, created_at) where user_id IS NOT NULL"),
    ("SELECT id FROM events WHERE organisation_id = $1 ORDER BY id DESC LIMIT 20", [[7], [9]],
     "events (organisation_id, id)"),
    ("SELECT * FROM products WHERE stock = 0 ORDER BY updated_at DESC LIMIT 5", [[]],
     "products (updated_at) where stock = 0"),
    ("SELECT id FROM reviews WHERE rating < 2 ORDER BY created_at LIMIT 5", [[]],
     "reviews (created_at) where rating < 2"),
    ("SELECT id FROM reviews WHERE rating < $1 ORDER BY created_at LIMIT 5", [[2], [3]],
     "reviews (created_at)"),
    ("SELECT * FROM orders ORDER BY shipped_at DESC NULLS LAST LIMIT 10", [[]],
     "orders (shipped_at DESC NULLS LAST)"),
    ("SELECT * FROM orders ORDER BY total DESC, id LIMIT 10", [[]], "orders (total DESC, id)"),
    ("SELECT * FROM jobs WHERE state = 'ready' ORDER BY run_at LIMIT 1", [[]],
     "jobs (run_at) where state = 'ready'::text"),
    ("SELECT * FROM invoices WHERE paid_at IS NULL AND due_on < $1",
     [["2022-05-01"], ["2022-06-01"]], "invoices (due_on) where paid_at IS NULL"),
    ("SELECT id, name FROM users WHERE lower(email) = $1 LIMIT 1", [["a"], ["b"]],
     "users ((lower((email)::text)))"),
    ("SELECT id FROM products WHERE attributes ->> 'brand' = $1", [["b1"], ["b2"]],
     "products ((attributes ->> 'brand'::text))"),
    ("SELECT id FROM products WHERE attributes @> $1", [['{"brand": "b1"}'], ['{"colour": "c1"}']],
     "gin products (attributes jsonb_path_ops)"),
    ("SELECT id FROM products WHERE attributes ? $1", [["brand"], ["x"]],
     "gin products (attributes)"),
    ("SELECT id FROM products WHERE tags && $1", [["{tag1}"], ["{tag2}"]], "gin products (tags)"),
    ("SELECT id FROM messages WHERE to_tsvector('english', body) @@ to_tsquery('english', $1)",
     [["word1"], ["word2"]], "gin messages ((to_tsvector('english'::regconfig, body)))"),
    ("SELECT id FROM products WHERE name ILIKE $1", [["%f0a1b2%"], ["%deadbeef%"]],
     "gin products (name gin_trgm_ops)"),
    ("SELECT max(created_at) FROM events WHERE organisation_id = $1", [[7], [8]],
     "events (organisation_id, created_at)"),
    ("SELECT t.id, m.id FROM threads t LEFT JOIN LATERAL (SELECT id FROM messages WHERE thread_id ="
     " t.id ORDER BY created_at DESC LIMIT 1) m ON true WHERE t.id = ANY ($1)",
     [["{5,6}"], ["{7}"]], "messages (thread_id, created_at)"),
    ("SELECT id FROM messages WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC "
     "LIMIT 20", [["2024-01-01", 5], ["2025-01-01", 6]], "messages (created_at)"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "params", "index"), KINDS, ids=[each[2] for each in KINDS])
def test_the_index_that_serves_a_statement_is_advised(
    advised: Advised, sql: str, params: Sequence[Sequence[object]] | None, index: str
) -> None:
    advice = advised((100, sql, params))
    leading = [spelled(each.index).split(" include ")[0] for each in advice.indexes]
    assert index in leading, leading
    for each in advice.indexes:
        assert each.evidence
        assert each.benefit > 0
    assert advice.effects[0].after < advice.effects[0].before


NONE: list[tuple[str, list[list[object]]]] = [
    ("SELECT id, name FROM categories WHERE parent_id = $1", [[7], [8]]),
    ("SELECT * FROM users WHERE is_active", [[]]),
    ("SELECT * FROM orders WHERE status = $1", [["delivered"]]),
    ("SELECT * FROM orders WHERE id = $1", [[7]]),
    ("SELECT * FROM reviews WHERE product_id = $1", [[7], [8]]),
    ("SELECT count(*) FROM payments WHERE external_id::text = $1", [["x"], ["y"]]),
    ("SELECT id FROM products ORDER BY random() LIMIT 5", [[]]),
    ("SELECT * FROM products WHERE $1 = ANY (tags)", [["tag1"]]),
    ("SELECT * FROM orders WHERE created_at::date = $1", [["2025-05-01"]]),
]


@pytest.mark.parametrize(("sql", "params"), NONE, ids=[each[0] for each in NONE])
def test_no_index_is_advised_where_none_pays(
    advised: Advised, sql: str, params: list[list[object]]
) -> None:
    advice = advised((100, sql, params))
    assert [spelled(each.index) for each in advice.indexes] == []
    assert advice.effects[0].after == advice.effects[0].before


REWRITES = [
    ("SELECT * FROM orders WHERE created_at::date = $1", '"created_at" >= day'),
    ("SELECT * FROM payments WHERE external_id::text = $1", "a value of the type uuid"),
    ("SELECT * FROM products WHERE $1 = ANY (tags)", '"tags" @> ARRAY['),
    ("SELECT id FROM products ORDER BY random() LIMIT 5", "TABLESAMPLE"),
    ("SELECT id FROM products WHERE stock + 1 = 5", "other side"),
]


@pytest.mark.parametrize(("sql", "cure"), REWRITES)
def test_a_statement_that_wants_a_rewrite_is_told_it(advised: Advised, sql: str, cure: str) -> None:
    params = [["2025-05-01"]] if "$1" in sql else [[]]
    (remark,) = advised((1, sql, params)).remarks
    assert remark.kind == "rewrite"
    assert cure in remark.cure


def test_a_value_that_changes_from_call_to_call_is_no_predicate(advised: Advised) -> None:
    sql = "SELECT * FROM orders WHERE status = $1 ORDER BY created_at LIMIT 5"
    changing = advised((9, sql, [["pending"], ["shipped"], ["paid"]]))
    assert all(not each.index.where for each in changing.indexes)
    fixed = advised((9, sql.replace("$1", "'pending'"), [[]]))
    assert "orders (created_at) where status = 'pending'::text" in [
        spelled(each.index) for each in fixed.indexes
    ]
