-- A database with what restores are known to lose.
CREATE EXTENSION citext;
CREATE TYPE mood AS ENUM ('calm', 'it''s', '😀');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TABLE "Möbel 😀" (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "Größe" positive,
    twice integer GENERATED ALWAYS AS ("Größe" * 2) STORED,
    mood mood,
    mail citext UNIQUE,
    raw bytea,
    facts jsonb,
    tags text[],
    span int4range
);
INSERT INTO "Möbel 😀" ("Größe", mood, mail, raw, facts, tags, span)
SELECT i, (enum_range(NULL::mood))[1 + i % 3], 'Mail' || i || '@x', decode(md5(i::text), 'hex'),
    jsonb_build_object('i', i, 'tab', E'\t'), ARRAY['a,b', NULL, '{}'], int4range(i, i + 2)
FROM generate_series(1, 50) AS i;
CREATE TABLE event (at date NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE event_rest PARTITION OF event DEFAULT;
INSERT INTO event VALUES ('2025-06-01', 'in'), ('2030-01-01', 'rest');
CREATE TABLE egg (id integer PRIMARY KEY, hen integer);
CREATE TABLE hen (id integer PRIMARY KEY, egg integer REFERENCES egg);
INSERT INTO egg VALUES (1, 1);
INSERT INTO hen VALUES (1, 1);
ALTER TABLE egg ADD FOREIGN KEY (hen) REFERENCES hen;
ALTER TABLE egg ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON egg USING (id > 0);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
CREATE TRIGGER no_hens BEFORE INSERT ON hen FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE MATERIALIZED VIEW moods AS SELECT mood, count(*) FROM "Möbel 😀" GROUP BY mood;
CREATE UNLOGGED TABLE cache (word text);
INSERT INTO cache VALUES ('tea');
SELECT lo_from_bytea(0, '\x00ff10');
