-- Every table and materialized view whose rows a logical backup holds, with its size in bytes.
SELECT
    format('%I.%I', namespace.nspname, class.relname) AS name,
    class.relkind = 'm' AND NOT class.relispopulated AS is_unpopulated,
    pg_table_size(class.oid) AS bytes
FROM pg_class AS class
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE class.relkind IN ('r', 'm')
  AND class.relpersistence <> 't'
  AND namespace.nspname NOT LIKE 'pg\_%'
  AND namespace.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_depend AS member
      WHERE member.classid = 'pg_class'::regclass AND member.objid = class.oid
        AND member.deptype = 'e'
  )
ORDER BY 1
