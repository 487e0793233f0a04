-- Tables, partitioned tables and materialised views that are neither the system's nor an extension's.
SELECT
    c.oid::bigint AS oid,
    n.nspname AS schema,
    c.relname AS name,
    c.relkind::text AS kind,
    c.reltuples::float8 AS rows,
    c.relpages AS pages,
    c.relallvisible AS visible_pages,
    CASE WHEN c.relkind = 'p' THEN 0
         ELSE pg_relation_size(c.oid) / current_setting('block_size')::int END AS blocks,
    s.n_tup_ins + s.n_tup_upd + s.n_tup_del AS writes,
    has_schema_privilege(n.oid, 'USAGE') AND (has_table_privilege(c.oid, 'SELECT')
        OR has_any_column_privilege(c.oid, 'SELECT')) AS is_readable,
    has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS is_copyable,
    row_security_active(c.oid) AS is_filtered
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_all_tables AS s ON s.relid = c.oid
WHERE c.relkind IN ('r', 'p', 'm')
    AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema'
    AND n.nspname NOT LIKE 'pg\_%'
    AND NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    )
ORDER BY n.nspname, c.relname
