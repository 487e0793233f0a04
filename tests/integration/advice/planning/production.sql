SELECT setseed(0.5);
INSERT INTO customers (email, name, status, mood, country, tags, profile, is_admin, created_at)
SELECT 'person' || g || '@' || (ARRAY['example.org', 'example.net', 'mail.test'])[1 + g % 3],
    'Name ' || (g * 7919 % 5000),
    CASE WHEN random() < 0.9 THEN 'active' WHEN random() < 0.8 THEN 'paused' ELSE 'gone' END,
    (ARRAY['happy', 'sad', 'neither']::mood[])[1 + floor(random() ^ 2 * 3)::int],
    (ARRAY['at', 'de', 'fr', 'it', 'us', 'uk', 'es', 'pl'])[1 + floor(random() ^ 2 * 8)::int],
    ARRAY(SELECT 'tag' || floor(random() ^ 3 * 200)::int FROM generate_series(1, 1 + g % 4)),
    jsonb_build_object('plan', (ARRAY['free', 'pro'])[1 + (g % 10 = 0)::int], 'n', g % 100),
    g % 500 = 0,
    '2022-01-01'::timestamptz + g * interval '150 minutes'
FROM generate_series(1, 8000) AS g;
INSERT INTO products (sku, title, category_id, price, deleted_at)
SELECT gen_random_uuid(), 'Product ' || (ARRAY['red', 'green', 'blue', 'black'])[1 + g % 4] || ' ' || g,
    1 + floor(random() ^ 2 * 60)::int, (random() * 500)::numeric(10, 2),
    CASE WHEN random() < 0.1 THEN '2024-01-01'::timestamptz + g * interval '1 minute' END
FROM generate_series(1, 2000) AS g;
INSERT INTO orders (customer_id, status, total, note, created_at)
SELECT 1 + floor(random() ^ 2 * 7999)::int,
    CASE WHEN g % 200 = 0 THEN 'failed' WHEN g % 50 = 0 THEN 'open' WHEN g % 5 = 0 THEN 'paid'
         ELSE 'sent' END,
    (random() * 1000)::numeric(10, 2),
    CASE WHEN g % 20 = 0 THEN 'please ring ' || (ARRAY['twice', 'once', 'never'])[1 + g % 3] END,
    '2023-01-01'::timestamptz + g * interval '18 minutes'
FROM generate_series(1, 50000) AS g;
INSERT INTO order_items (order_id, product_id, quantity)
SELECT 1 + g / 2, 1 + floor(random() ^ 2 * 1999)::int, 1 + floor(random() * 5)::int
FROM generate_series(0, 99999) AS g;
INSERT INTO events (id, customer_id, kind, at)
SELECT g, CASE WHEN g % 3 > 0 THEN 1 + floor(random() * 7999)::int END,
    (ARRAY['seen', 'clicked', 'bought', 'left'])[1 + floor(random() ^ 3 * 4)::int],
    '2024-01-01'::date + g % 731
FROM generate_series(1, 30000) AS g;
VACUUM (FREEZE, ANALYZE);
VACUUM (FREEZE, ANALYZE);
