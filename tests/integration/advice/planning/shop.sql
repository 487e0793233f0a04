CREATE EXTENSION pg_trgm;
CREATE TYPE mood AS ENUM ('happy', 'sad', 'neither');
CREATE TABLE customers (
    id bigserial PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name varchar(60) NOT NULL,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'gone')),
    mood mood,
    country char(2),
    tags text[] NOT NULL DEFAULT '{}',
    profile jsonb NOT NULL DEFAULT '{}',
    is_admin boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL
);
CREATE TABLE products (
    id serial PRIMARY KEY,
    sku uuid NOT NULL UNIQUE,
    title text NOT NULL,
    category_id int NOT NULL,
    price numeric(10, 2) NOT NULL,
    deleted_at timestamptz
);
CREATE TABLE orders (
    id bigserial PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE,
    status text NOT NULL DEFAULT 'paid',
    total numeric(10, 2) NOT NULL,
    note text,
    created_at timestamptz NOT NULL
);
CREATE TABLE order_items (
    id bigserial PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
    product_id int NOT NULL REFERENCES products,
    quantity int NOT NULL
);
CREATE TABLE events (
    id bigint NOT NULL,
    customer_id bigint,
    kind text NOT NULL,
    at date NOT NULL
) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX events_at ON events (at);
CREATE INDEX orders_customer ON orders (customer_id, created_at DESC);
CREATE INDEX items_order ON order_items (order_id);
CREATE INDEX customers_lower_email ON customers (lower(email));
