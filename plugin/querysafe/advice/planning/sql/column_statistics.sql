-- Statistics of columns, and of the expressions of indexes, that this role may see.
SELECT
    s.schemaname AS schema,
    s.tablename AS relation,
    s.inherited AS is_inherited,
    s.attname AS attribute,
    format_type(a.atttypid, NULL) AS type,
    /* columns */
FROM pg_stats AS s
JOIN pg_namespace AS n ON n.nspname = s.schemaname
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.tablename
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = s.attname
WHERE s.schemaname <> 'information_schema' AND s.schemaname NOT LIKE 'pg\_%'
ORDER BY s.schemaname, s.tablename, s.inherited, s.attname
