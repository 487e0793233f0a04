-- Primary and foreign keys and check constraints of tables.
SELECT
    c.conrelid::bigint AS oid,
    c.contype::text AS kind,
    c.confrelid::bigint AS referenced,
    (SELECT array_agg(a.attname::text ORDER BY k.position)
     FROM unnest(c.conkey) WITH ORDINALITY AS k (number, position)
     JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.number) AS columns,
    (SELECT array_agg(a.attname::text ORDER BY k.position)
     FROM unnest(c.confkey) WITH ORDINALITY AS k (number, position)
     JOIN pg_attribute AS a ON a.attrelid = c.confrelid AND a.attnum = k.number) AS referenced_columns,
    CASE WHEN c.contype = 'c' THEN pg_get_expr(c.conbin, c.conrelid) END AS condition
FROM pg_constraint AS c
WHERE c.conrelid = ANY (%(tables)s) AND c.contype IN ('p', 'f', 'c')
ORDER BY c.conrelid, c.conname
