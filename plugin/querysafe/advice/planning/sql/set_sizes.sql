-- Sizes of relations as the planner reads them, before PostgreSQL 18.
UPDATE pg_class AS c
SET relpages = s.pages, reltuples = s.rows, relallvisible = s.visible
FROM unnest(%(oids)s::oid[], %(pages)s::int[], %(rows)s::float4[], %(visible)s::int[])
    AS s (oid, pages, rows, visible)
WHERE c.oid = s.oid
