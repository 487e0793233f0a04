-- Sizes of relations as the planner reads them, by the function of PostgreSQL 18.
SELECT pg_restore_relation_stats(
    'schemaname', n.nspname::text, 'relname', c.relname::text, 'relpages', s.pages,
    'reltuples', s.rows, 'relallvisible', s.visible
)
FROM unnest(%(oids)s::oid[], %(pages)s::int[], %(rows)s::float4[], %(visible)s::int[])
    AS s (oid, pages, rows, visible)
JOIN pg_class AS c ON c.oid = s.oid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
