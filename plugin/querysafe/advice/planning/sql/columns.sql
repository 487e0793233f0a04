-- Columns of tables, with their base type, and the labels where that is an enumeration.
SELECT
    a.attrelid::bigint AS oid,
    a.attname AS name,
    a.attnum AS number,
    format_type(a.atttypid, a.atttypmod) AS type,
    format_type(a.atttypid, NULL) AS plain_type,
    format_type(b.oid, NULL) AS base_type,
    b.typtype::text AS sort,
    b.typlen AS length,
    a.attnotnull OR t.typnotnull AS not_null,
    pg_get_expr(f.adbin, f.adrelid) AS default_value,
    (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
     FROM pg_enum AS e WHERE e.enumtypid = b.oid) AS labels
FROM pg_attribute AS a
JOIN pg_type AS t ON t.oid = a.atttypid
JOIN pg_type AS b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
LEFT JOIN pg_attrdef AS f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
WHERE a.attrelid = ANY (%(tables)s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
