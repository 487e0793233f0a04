-- What restores are known to lose; every line has cost somebody a day.
CREATE EXTENSION citext;
CREATE EXTENSION pg_trgm;
CREATE SCHEMA "Straße 😀";
CREATE TYPE mood AS ENUM ('calm', 'it''s', '😀');
CREATE TYPE "Straße 😀".pair AS (a int, b text);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TYPE hours AS RANGE (subtype = float8);
CREATE COLLATION "Straße 😀".plain (provider = libc, locale = 'C');
CREATE TABLE "Straße 😀"."Möbel" (
    id bigint GENERATED ALWAYS AS IDENTITY (START 5 INCREMENT 3) PRIMARY KEY,
    "Größe" positive,
    twice integer GENERATED ALWAYS AS ("Größe" * 2) STORED,
    mood mood DEFAULT '😀',
    mail public.citext UNIQUE,
    raw bytea, facts jsonb, loose json, tags text[], grid int[][], span int4range, spans int4multirange,
    open hours, pair "Straße 😀".pair, pairs "Straße 😀".pair[],
    at timestamptz, day date, took interval, wire inet, mac macaddr, bits bit varying, price numeric,
    odd float8, small float4, spot point, word tsvector, ask tsquery, who uuid, cash money,
    ordered text COLLATE "Straße 😀".plain,
    EXCLUDE USING gist (span WITH &&)
);
INSERT INTO "Straße 😀"."Möbel" ("Größe", mood, mail, raw, facts, loose, tags, grid, span, spans, open, pair, pairs,
    at, day, took, wire, mac, bits, price, odd, small, spot, word, ask, who, cash, ordered)
SELECT i, (enum_range(NULL::mood))[1 + i % 3], 'Mail' || i || '@x', decode(repeat(md5(i::text), i % 5), 'hex'),
    jsonb_build_object('i', i, 'tab', E'\t', 'nul', NULL, 'deep', jsonb_build_array(i, 'ü😀')),
    '{"b":1,  "a":  2}', ARRAY['a,b', NULL, '{}', '"', E'\\', 'NULL', ''], ARRAY[[i, 1], [2, 3]],
    int4range(i * 2, i * 2 + 2), int4multirange(int4range(1, 2), int4range(5, 9)), hours(i, NULL),
    ROW(i, E'"),(\\'::text)::"Straße 😀".pair, ARRAY[ROW(1, NULL::text)::"Straße 😀".pair],
    '2026-03-29 02:30+01'::timestamptz + i * interval '1 hour', DATE '4713-01-01 BC' + i, i * interval '1 month -3 days',
    '::1', '08:00:2b:01:02:03', B'101', i / 7.0, CASE i % 4 WHEN 0 THEN 'NaN' WHEN 1 THEN '-Infinity' ELSE 1e308 / i END,
    i / 3.0, point(i, -i), to_tsvector('simple', 'fat cats ' || i), 'fat & !rat', md5(i::text)::uuid, i, 'Z'
FROM generate_series(1, 60) AS i;
INSERT INTO "Straße 😀"."Möbel" DEFAULT VALUES;
CREATE TABLE event (at date NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (what);
CREATE TABLE event_2025_in PARTITION OF event_2025 FOR VALUES IN ('in');
CREATE TABLE event_rest PARTITION OF event DEFAULT;
CREATE INDEX ON event (what);
INSERT INTO event VALUES ('2025-06-01', 'in'), ('2030-01-01', 'rest');
CREATE TABLE parent (id int); CREATE TABLE kid (more text) INHERITS (parent);
INSERT INTO parent VALUES (1); INSERT INTO kid VALUES (2, 'kid');
CREATE TABLE egg (id integer PRIMARY KEY, hen integer);
CREATE TABLE hen (id integer PRIMARY KEY, egg integer REFERENCES egg DEFERRABLE INITIALLY DEFERRED);
INSERT INTO egg VALUES (1, 1);
INSERT INTO hen VALUES (1, 1);
ALTER TABLE egg ADD FOREIGN KEY (hen) REFERENCES hen;
ALTER TABLE egg ADD CONSTRAINT unproven CHECK (id > 100) NOT VALID;
CREATE TABLE myself (id int PRIMARY KEY, above int REFERENCES myself);
INSERT INTO myself VALUES (1, 2), (2, 1);
ALTER TABLE egg ENABLE ROW LEVEL SECURITY; ALTER TABLE egg FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON egg USING (id > 0);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
CREATE TRIGGER no_hens BEFORE INSERT ON hen FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE FUNCTION sum_of(a int, VARIADIC b int[]) RETURNS int LANGUAGE sql
    BEGIN ATOMIC SELECT a + (SELECT sum(x)::int FROM unnest(b) AS x); END;
CREATE PROCEDURE nothing() LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE VIEW sums AS SELECT sum_of(1, 2, 3) AS n;
CREATE RULE told AS ON UPDATE TO sums DO INSTEAD NOTHING;
CREATE MATERIALIZED VIEW moods AS SELECT mood, count(*) FROM "Straße 😀"."Möbel" GROUP BY mood;
CREATE MATERIALIZED VIEW never AS SELECT 1 AS n WITH NO DATA;
INSERT INTO "Straße 😀"."Möbel" DEFAULT VALUES;
CREATE UNLOGGED TABLE cache (word text); INSERT INTO cache VALUES ('tea');
CREATE TABLE "no columns" (); INSERT INTO "no columns" DEFAULT VALUES;
CREATE TABLE counted (counted int, "ROW" text); INSERT INTO counted VALUES (1, 'x');
CREATE TABLE lost (a int, b int, c text); ALTER TABLE lost DROP COLUMN b; INSERT INTO lost VALUES (1, 'c');
CREATE SEQUENCE steps START 100 INCREMENT -7 MINVALUE -1000 MAXVALUE 1000 CYCLE;
SELECT nextval('steps'), nextval('steps');
CREATE STATISTICS linked ON id, hen FROM egg;
CREATE FUNCTION refuse_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE FOREIGN TABLE') EXECUTE FUNCTION refuse_ddl();
CREATE PUBLICATION news FOR TABLE event;
CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE there (n int) SERVER far;
SELECT lo_from_bytea(4711, decode(repeat('00ff10', 5000), 'hex'));
COMMENT ON LARGE OBJECT 4711 IS 'a picture'; GRANT SELECT ON LARGE OBJECT 4711 TO PUBLIC;
COMMENT ON COLUMN "Straße 😀"."Möbel"."Größe" IS E'how\nbig';
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
ALTER TABLE cache REPLICA IDENTITY FULL;
ALTER TABLE cache SET (fillfactor = 71);
