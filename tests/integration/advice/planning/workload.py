"""Statements of a shop, and indexes that some of them want."""

from querysafe.advice.index import Index, Key, Table
from tests.integration.advice.planning.conftest import index

STATEMENTS = (
    "SELECT * FROM customers WHERE id = 4711",
    "SELECT * FROM customers WHERE email = 'person4711@example.org'",
    "SELECT * FROM customers WHERE lower(email) = 'person4711@example.org'",
    "SELECT * FROM customers WHERE status = 'gone'",
    "SELECT * FROM customers WHERE status = 'active' AND country = 'pl'",
    "SELECT * FROM customers WHERE is_admin",
    "SELECT * FROM customers WHERE mood = 'sad' ORDER BY created_at DESC LIMIT 10",
    "SELECT * FROM customers WHERE tags @> ARRAY['tag190']",
    "SELECT * FROM customers WHERE tags @> ARRAY['tag1']",
    'SELECT * FROM customers WHERE profile @> \'{"plan": "pro"}\'',
    "SELECT * FROM customers WHERE name LIKE 'Name 49%'",
    "SELECT * FROM customers WHERE email ILIKE '%4711@mail%'",
    "SELECT * FROM customers WHERE created_at > '2024-04-01'",
    "SELECT country, count(*) FROM customers GROUP BY country",
    "SELECT * FROM orders WHERE status = 'failed'",
    "SELECT * FROM orders WHERE status = 'sent' ORDER BY created_at DESC LIMIT 20",
    "SELECT * FROM orders WHERE customer_id = 5 ORDER BY created_at DESC LIMIT 5",
    "SELECT * FROM orders WHERE customer_id IN (5, 600, 3000, 7900)",
    "SELECT * FROM orders WHERE created_at BETWEEN '2024-02-01' AND '2024-02-03'",
    "SELECT * FROM orders WHERE created_at >= '2024-09-10' AND status = 'open'",
    "SELECT * FROM orders WHERE total > 990",
    "SELECT * FROM orders WHERE note IS NOT NULL ORDER BY id DESC LIMIT 20",
    "SELECT sum(total) FROM orders WHERE created_at >= '2024-01-01'",
    "SELECT date_trunc('month', created_at), sum(total) FROM orders GROUP BY 1",
    "SELECT * FROM orders WHERE id > 45000 ORDER BY id LIMIT 50",
    "SELECT o.*, c.email FROM orders o JOIN customers c ON c.id = o.customer_id "
    "WHERE c.country = 'es' AND o.status = 'failed'",
    "SELECT o.id FROM orders o JOIN order_items i ON i.order_id = o.id WHERE i.product_id = 17",
    "SELECT p.title, sum(i.quantity) FROM products p JOIN order_items i ON i.product_id = p.id "
    "WHERE p.category_id = 55 GROUP BY p.title",
    "SELECT * FROM products WHERE deleted_at IS NULL AND category_id = 3 ORDER BY price LIMIT 10",
    "SELECT * FROM products WHERE deleted_at IS NOT NULL",
    "SELECT c.* FROM customers c WHERE NOT EXISTS "
    "(SELECT FROM orders o WHERE o.customer_id = c.id AND o.created_at > '2024-09-01')",
    "SELECT c.id, (SELECT max(created_at) FROM orders o WHERE o.customer_id = c.id) "
    "FROM customers c WHERE c.country = 'pl' ORDER BY c.id LIMIT 50",
    "SELECT * FROM events WHERE at = '2024-07-07' AND kind = 'left'",
    "SELECT * FROM events WHERE customer_id = 77",
    "SELECT kind, count(*) FROM events WHERE at >= '2025-06-01' GROUP BY kind",
    "UPDATE orders SET status = 'sent' WHERE status = 'open' AND created_at < '2023-02-01'",
    "DELETE FROM order_items WHERE product_id = 1900",
    "SELECT DISTINCT ON (customer_id) * FROM orders ORDER BY customer_id, created_at DESC",
    "WITH recent AS (SELECT * FROM orders ORDER BY created_at DESC LIMIT 100) "
    "SELECT r.id, i.product_id FROM recent r JOIN order_items i ON i.order_id = r.id",
    "SELECT * FROM orders o JOIN order_items i ON i.order_id = o.id "
    "JOIN products p ON p.id = i.product_id WHERE o.customer_id = 19 AND p.category_id = 2",
)


def _key(table: str, *keys: Key, method: str = "btree", where: str = "") -> Index:
    return Index(table=Table("public", table), keys=keys, method=method, where=where)


CANDIDATES = (
    index("customers", "status"),
    index("customers", "country", "status"),
    index("customers", "created_at"),
    index("customers", "tags", method="gin"),
    _key("customers", Key(column="profile", operator_class="jsonb_path_ops"), method="gin"),
    _key("customers", Key(column="name", operator_class="text_pattern_ops")),
    _key("customers", Key(column="email", operator_class="gin_trgm_ops"), method="gin"),
    index("orders", "status", "created_at"),
    _key("orders", Key(column="status"), where="\"status\" = 'failed'"),
    index("orders", "created_at"),
    index("orders", "total"),
    index("orders", "created_at", include=("total",)),
    index("orders", "created_at", method="brin"),
    _key("orders", Key(column="id", descending=True), where='"note" IS NOT NULL'),
    index("order_items", "product_id"),
    index("products", "category_id", "price", where='"deleted_at" IS NULL'),
    index("events", "customer_id"),
    index("events", "kind", "at"),
)
