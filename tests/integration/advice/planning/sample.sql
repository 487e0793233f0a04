INSERT INTO customers (email, name, created_at)
SELECT 'user' || g, 'Test', now() FROM generate_series(1, 60) AS g;
INSERT INTO products (sku, title, category_id, price)
SELECT gen_random_uuid(), 'Thing', 1, 5 FROM generate_series(1, 60) AS g;
INSERT INTO orders (customer_id, total, created_at)
SELECT g, 5, now() FROM generate_series(1, 60) AS g;
INSERT INTO order_items (order_id, product_id, quantity)
SELECT g, g, 1 FROM generate_series(1, 60) AS g;
INSERT INTO events (id, kind, at) SELECT g, 'seen', '2025-01-01' FROM generate_series(1, 60) AS g;
