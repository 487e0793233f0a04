-- Indexes of tables, key by key, as the catalog spells them.
SELECT
    i.indexrelid::bigint AS oid,
    i.indrelid::bigint AS table_oid,
    c.relname AS name,
    c.relkind::text AS kind,
    m.amname AS method,
    i.indisunique AS is_unique,
    i.indisvalid AS is_valid,
    i.indnkeyatts AS key_count,
    i.indisprimary AS is_primary,
    EXISTS (SELECT FROM pg_constraint AS k
            WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')) AS is_constraint,
    pg_get_expr(i.indpred, i.indrelid, true) AS condition,
    c.reloptions AS storage,
    c.reltuples::float8 AS rows,
    c.relpages AS pages,
    CASE WHEN c.relkind = 'I' THEN 0
         ELSE pg_relation_size(c.oid) / current_setting('block_size')::int END AS blocks,
    s.idx_scan AS scans,
    (SELECT array_agg(coalesce(a.attname::text, '') ORDER BY p)
     FROM generate_series(0, i.indnatts - 1) AS p
     LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p]
         AND a.attnum > 0) AS columns,
    (SELECT array_agg(pg_get_indexdef(i.indexrelid, p + 1, true) ORDER BY p)
     FROM generate_series(0, i.indnkeyatts - 1) AS p) AS keys,
    (SELECT array_agg(CASE WHEN o.opcdefault THEN '' ELSE o.opcname::text END ORDER BY p)
     FROM generate_series(0, i.indnkeyatts - 1) AS p
     JOIN pg_opclass AS o ON o.oid = i.indclass[p]) AS classes,
    (SELECT array_agg(CASE WHEN o.oid IS NULL OR o.oid = coalesce(a.attcollation, 100) THEN ''
                           ELSE quote_ident(o.collname) END ORDER BY p)
     FROM generate_series(0, i.indnkeyatts - 1) AS p
     LEFT JOIN pg_collation AS o ON o.oid = i.indcollation[p]
     LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p]
         AND a.attnum > 0) AS collations,
    (SELECT array_agg(i.indoption[p] ORDER BY p)
     FROM generate_series(0, i.indnkeyatts - 1) AS p) AS options,
    (SELECT array_agg(a.attname::text ORDER BY a.attnum)
     FROM pg_attribute AS a WHERE a.attrelid = i.indexrelid) AS own_columns,
    (SELECT h.inhparent::bigint FROM pg_inherits AS h WHERE h.inhrelid = i.indexrelid) AS parent
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_am AS m ON m.oid = c.relam
LEFT JOIN pg_stat_all_indexes AS s ON s.indexrelid = i.indexrelid
WHERE i.indrelid = ANY (%(tables)s) AND i.indislive
    -- One that is being built at this moment is no fault.
    AND NOT EXISTS (
        SELECT FROM pg_stat_progress_create_index AS b
        WHERE b.index_relid = i.indexrelid AND b.datid
            = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    )
ORDER BY i.indrelid, c.relname
