-- Statements that throw the rows of a database away, its extensions' aside.
SELECT 'TRUNCATE ' || string_agg(c.oid::regclass::text, ', ') || ' CASCADE'
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND c.oid >= 16384
    AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass
                    AND d.objid = c.oid AND d.deptype = 'e')
HAVING count(*) > 0
UNION ALL
SELECT 'REFRESH MATERIALIZED VIEW ' || c.oid::regclass::text || ' WITH NO DATA'
FROM pg_class AS c
WHERE c.relkind = 'm'
