"""Sixty-two queries of a web application with their calls, in the way an ORM spells them."""

from collections.abc import Iterator
from typing import Any

T, U = "2025-05-20 00:00:00+00", "2025-05-27 00:00:00+00"

READS: tuple[tuple[int, str, list[list[object]]], ...] = (
    (9000, "SELECT users.id, users.email, users.role FROM users WHERE lower(users.email) = $1 LIMIT 1", [["user77@example77.com"], ["user4031@example131.com"]]),
    (40000, "SELECT sessions.token, sessions.user_id, users.name FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.token = $1", [["00000000-0000-0000-0000-000000000001"]]),
    (3000, "SELECT sessions.token, sessions.expires_at FROM sessions WHERE sessions.user_id = $1 ORDER BY sessions.created_at DESC LIMIT 5", [[77], [4031]]),
    (200, "SELECT count(*) FROM sessions WHERE sessions.expires_at < $1", [["2025-04-20"], ["2025-04-16"]]),
    (8000, "SELECT orders.id, orders.status, orders.total, orders.created_at FROM orders WHERE orders.user_id = $1 AND orders.deleted_at IS NULL ORDER BY orders.created_at DESC LIMIT 20", [[77], [4031], [950]]),
    (4000, "SELECT orders.id, orders.status, orders.total, orders.created_at FROM orders WHERE orders.organisation_id = $1 AND orders.status = $2 AND orders.deleted_at IS NULL ORDER BY orders.created_at DESC LIMIT 50", [[7, "paid"], [19, "shipped"], [3, "cancelled"]]),
    (2000, "SELECT orders.id, orders.user_id, orders.total FROM orders WHERE orders.status = 'pending' AND orders.deleted_at IS NULL ORDER BY orders.created_at LIMIT 100", [[]]),
    (3000, "SELECT orders.id, orders.status, orders.user_id FROM orders WHERE orders.reference = $1", [["R8277E0910D75"], ["RABCDEF012345"]]),
    (500, "SELECT count(*), sum(orders.total) FROM orders WHERE orders.organisation_id = $1 AND orders.created_at >= $2 AND orders.created_at < $3", [[7, T, U], [19, "2025-01-01", "2025-02-01"]]),
    (60, "SELECT date_trunc('day', orders.created_at) AS day, count(*), sum(orders.total) FROM orders WHERE orders.created_at >= $1 AND orders.created_at < $2 GROUP BY 1 ORDER BY 1", [[T, U], ["2025-03-01", "2025-03-15"]]),
    (20000, "SELECT order_items.id, order_items.product_id, order_items.quantity, order_items.price FROM order_items WHERE order_items.order_id = $1", [[77], [4031]]),
    (4000, "SELECT order_items.order_id, order_items.id, order_items.quantity, products.name FROM order_items JOIN products ON products.id = order_items.product_id WHERE order_items.order_id IN ($1, $2, $3)", [[5, 77, 950], [40, 41, 42]]),
    (300, "SELECT sum(order_items.quantity) FROM order_items WHERE order_items.product_id = $1", [[77], [401]]),
    (150, "SELECT orders.id, orders.created_at FROM orders WHERE EXISTS (SELECT 1 FROM order_items WHERE order_items.order_id = orders.id AND order_items.product_id = $1) ORDER BY orders.created_at DESC LIMIT 20", [[77], [401]]),
    (100, "SELECT products.id, products.name, sum(order_items.quantity) AS sold FROM products JOIN order_items ON order_items.product_id = products.id WHERE products.category_id = $1 GROUP BY products.id, products.name ORDER BY sold DESC LIMIT 10", [[7], [191]]),
    (5000, "SELECT products.id, products.name, products.price FROM products WHERE products.category_id = $1 AND products.is_published ORDER BY products.price LIMIT 24", [[7], [191]]),
    (6000, "SELECT products.id, products.name, products.stock FROM products WHERE products.sku = $1", [["SKU-000000077"], ["SKU-000004031"]]),
    (1500, "SELECT products.id, products.name FROM products WHERE products.name ILIKE $1 LIMIT 20", [["%c81e72%"], ["%a5771bce%"]]),
    (900, "SELECT products.id, products.name FROM products WHERE products.sku LIKE 'SKU-00000403%' ORDER BY products.sku LIMIT 20", [[]]),
    (800, "SELECT products.id, products.name FROM products WHERE products.tags @> $1", [["{tag7,tag12}"], ["{tag191}"]]),
    (700, "SELECT products.id, products.name FROM products WHERE products.attributes @> $1", [['{"brand": "b77", "colour": "c17"}'], ['{"brand": "b3"}']]),
    (400, "SELECT products.id, products.name FROM products WHERE products.attributes ->> 'brand' = $1 AND products.is_published", [["b77"], ["b131"]]),
    (250, "SELECT products.id, products.stock FROM products WHERE products.stock = 0 AND products.is_published ORDER BY products.updated_at DESC LIMIT 50", [[]]),
    (120, "SELECT products.id FROM products WHERE products.updated_at > $1 ORDER BY products.updated_at, products.id LIMIT 500", [["2025-05-30"], ["2025-05-31"]]),
    (2500, "SELECT invoices.id, invoices.number, invoices.status, invoices.amount FROM invoices WHERE invoices.order_id = $1", [[77], [4031]]),
    (1800, "SELECT invoices.id, invoices.order_id, invoices.amount FROM invoices WHERE invoices.number = $1", [["INV-000000077"], ["INV-000004031"]]),
    (600, "SELECT invoices.id, invoices.number, invoices.amount, invoices.due_on FROM invoices WHERE invoices.status = 'overdue' AND invoices.organisation_id = $1 ORDER BY invoices.due_on LIMIT 50", [[7], [19]]),
    (90, "SELECT invoices.organisation_id, count(*), sum(invoices.amount) FROM invoices WHERE invoices.status = 'overdue' GROUP BY invoices.organisation_id ORDER BY 3 DESC LIMIT 20", [[]]),
    (300, "SELECT invoices.id, invoices.amount FROM invoices WHERE invoices.paid_at IS NULL AND invoices.due_on < $1 ORDER BY invoices.due_on LIMIT 100", [["2022-06-01"], ["2022-05-01"]]),
    (80, "SELECT invoices.id FROM invoices LEFT JOIN payments ON payments.invoice_id = invoices.id WHERE invoices.organisation_id = $1 AND payments.id IS NULL LIMIT 100", [[7], [19]]),
    (2200, "SELECT payments.id, payments.state, payments.amount FROM payments WHERE payments.invoice_id = $1", [[77], [4031]]),
    (2600, "SELECT payments.id, payments.invoice_id, payments.state FROM payments WHERE payments.provider = $1 AND payments.external_id = $2", [["stripe", "00000000-0000-0000-0000-000000000001"]]),
    (70, "SELECT payments.id, payments.invoice_id FROM payments WHERE payments.state = 'failed' AND payments.created_at > $1 ORDER BY payments.created_at DESC LIMIT 100", [[T], ["2025-04-20"]]),
    (1500, "SELECT events.id, events.kind, events.created_at, events.payload FROM events WHERE events.organisation_id = $1 ORDER BY events.created_at DESC LIMIT 50", [[7], [19]]),
    (700, "SELECT events.id, events.created_at FROM events WHERE events.user_id = $1 AND events.kind = $2 AND events.created_at >= $3", [[77, "login", T], [401, "export", "2025-05-01"]]),
    (150, "SELECT events.kind, count(*) FROM events WHERE events.organisation_id = $1 AND events.created_at >= $2 GROUP BY events.kind", [[7, T], [19, "2025-05-01"]]),
    (500, "SELECT events.id, events.payload FROM events WHERE events.payload ->> 'request' = $1", [["28dd2c7955ce926456240b2ff0100bde"], ["x"]]),
    (40, "SELECT date_trunc('hour', events.created_at), count(*) FROM events WHERE events.kind = 'error' AND events.created_at >= $1 GROUP BY 1 ORDER BY 1", [[T], ["2025-05-24"]]),
    (350, "SELECT max(events.created_at) FROM events WHERE events.organisation_id = $1", [[7], [19]]),
    (20, "SELECT count(*) FROM events WHERE events.created_at >= $1 AND events.created_at < $2", [["2025-05-24", "2025-05-24 06:00+00"], ["2025-05-20", "2025-05-20 03:00+00"]]),
    (1200, "SELECT threads.id, threads.subject, threads.updated_at FROM threads WHERE threads.organisation_id = $1 AND threads.state = 'open' ORDER BY threads.updated_at DESC LIMIT 30", [[7], [19]]),
    (900, "SELECT threads.id, threads.subject FROM threads WHERE threads.assignee_id = $1 AND threads.state IN ('open', 'waiting') ORDER BY threads.updated_at DESC", [[77], [401]]),
    (200, "SELECT count(*) FROM threads WHERE threads.assignee_id IS NULL AND threads.state = 'open'", [[]]),
    (6000, "SELECT messages.id, messages.author_id, messages.body, messages.created_at FROM messages WHERE messages.thread_id = $1 ORDER BY messages.created_at, messages.id", [[77], [401]]),
    (1100, "SELECT threads.id, m.id, m.created_at FROM threads LEFT JOIN LATERAL (SELECT messages.id, messages.created_at FROM messages WHERE messages.thread_id = threads.id ORDER BY messages.created_at DESC LIMIT 1) AS m ON true WHERE threads.id IN ($1, $2, $3)", [[5, 6, 7], [100, 200, 300]]),
    (500, "SELECT messages.id, messages.thread_id FROM messages WHERE to_tsvector('english', messages.body) @@ plainto_tsquery('english', $1) LIMIT 20", [["word77"], ["word4031"]]),
    (300, "SELECT messages.id, messages.thread_id FROM messages WHERE messages.metadata @> $1", [['{"ticket": "T77"}'], ['{"ticket": "T4031"}']]),
    (250, "SELECT messages.id FROM messages WHERE messages.metadata ->> 'ticket' = $1 ORDER BY messages.created_at DESC LIMIT 10", [["T77"], ["T4031"]]),
    (900, "SELECT count(*) FROM messages JOIN threads ON threads.id = messages.thread_id WHERE threads.organisation_id = $1 AND messages.read_at IS NULL", [[7], [19]]),
    (200, "SELECT messages.id, messages.created_at FROM messages WHERE messages.author_id = $1 AND (messages.created_at, messages.id) < ($2, $3) ORDER BY messages.created_at DESC, messages.id DESC LIMIT 20", [[77, T, 400000], [401, "2025-01-01", 300000]]),
    (7000, "SELECT count(*) FROM notifications WHERE notifications.user_id = $1 AND NOT notifications.is_read", [[77], [401]]),
    (3000, "SELECT notifications.id, notifications.kind, notifications.created_at FROM notifications WHERE notifications.user_id = $1 ORDER BY notifications.created_at DESC LIMIT 15", [[77], [401]]),
    (5000, "SELECT jobs.id, jobs.payload FROM jobs WHERE jobs.state = 'ready' AND jobs.queue = $1 AND jobs.run_at <= $2 ORDER BY jobs.run_at LIMIT 1 FOR UPDATE SKIP LOCKED", [["mail", "2025-06-01"], ["billing", "2025-06-01"], ["search", "2025-06-01"]]),
    (30, "SELECT jobs.queue, count(*) FROM jobs WHERE jobs.state = 'failed' GROUP BY jobs.queue", [[]]),
    (1600, "SELECT reviews.id, reviews.rating, reviews.body FROM reviews WHERE reviews.product_id = $1 ORDER BY reviews.created_at DESC LIMIT 10", [[77], [401]]),
    (400, "SELECT avg(reviews.rating), count(*) FROM reviews WHERE reviews.product_id = $1", [[77], [401]]),
    (60, "SELECT reviews.id FROM reviews WHERE reviews.user_id = $1 AND reviews.rating <= 2", [[77], [401]]),
    (900, "SELECT users.id, users.name, users.role FROM users WHERE users.organisation_id = $1 AND users.deleted_at IS NULL ORDER BY users.name LIMIT 50", [[7], [19]]),
    (120, "SELECT users.id, users.email FROM users WHERE users.last_login_at IS NULL AND users.created_at < $1 AND users.is_active ORDER BY users.created_at LIMIT 100", [["2021-06-01"], ["2021-04-01"]]),
    (700, "SELECT addresses.id, addresses.city, addresses.postcode FROM addresses WHERE addresses.user_id = $1 AND addresses.kind = 'shipping'", [[77], [401]]),
    (50, "SELECT addresses.id FROM addresses WHERE addresses.country = $1 AND addresses.postcode = $2", [["DE", "00077"], ["US", "04031"]]),
    (30, "SELECT orders.id, orders.total FROM orders JOIN users ON users.id = orders.user_id WHERE users.organisation_id = $1 AND orders.created_at >= $2", [[7, T], [19, "2025-04-20"]]),
)  # fmt: skip
WRITES: tuple[tuple[int, str, list[list[object]]], ...] = (
    (1500, "INSERT INTO orders (id, user_id, organisation_id, status, total, reference, created_at) VALUES ($1, $2, $3, 'pending', 5, 'x', now())", [[-1, 1, 1]]),
    (4500, "INSERT INTO order_items (id, order_id, product_id, quantity, price) VALUES ($1, $2, $3, 1, 1)", [[-1, 1, 1]]),
    (20000, "INSERT INTO events (id, organisation_id, user_id, kind, created_at, payload) VALUES ($1, $2, $3, 'view', now(), '{}')", [[-1, 1, 1]]),
    (2000, "UPDATE orders SET status = $1 WHERE orders.id = $2", [["paid", 77]]),
    (5000, "UPDATE jobs SET state = 'done', attempts = attempts + 1 WHERE jobs.id = $1", [[77]]),
    (9000, "UPDATE products SET stock = stock - $1 WHERE products.id = $2", [[1, 77]]),
    (20, "DELETE FROM orders WHERE orders.id = $1", [[77]]),
    (10, "DELETE FROM users WHERE users.id = $1", [[77]]),
)  # fmt: skip
TRAPS: tuple[tuple[int, str, list[list[object]]], ...] = (
    (100, "SELECT users.id FROM users WHERE users.is_active", [[]]),
    (100, "SELECT orders.id FROM orders WHERE orders.created_at::date = $1", [["2025-05-20"]]),
    (100, "SELECT payments.id FROM payments WHERE payments.external_id::text = $1", [["x"]]),
    (100, "SELECT products.id FROM products WHERE $1 = ANY (products.tags)", [["tag7"]]),
    (100, "SELECT products.id FROM products ORDER BY random() LIMIT 5", [[]]),
    (100, "SELECT categories.id, categories.name FROM categories WHERE categories.parent_id = $1", [[7]]),
)  # fmt: skip


def lines(*, traps: bool = True, writes: bool = True) -> Iterator[dict[str, Any]]:
    """Workload lines."""
    for calls, sql, params in (*READS, *(WRITES if writes else ()), *(TRAPS if traps else ())):
        yield {"sql": sql, "params": params, "calls": calls}
