-- Every table whose rows a logical backup holds, with its size in bytes. The rows of a
-- materialized view are not in it: a restore computes them anew, from newer rows perhaps.
SELECT
    format('%I.%I', namespace.nspname, class.relname) AS name,
    pg_table_size(class.oid) AS bytes,
    -- pg_dump takes none of its rows either; its restored self is empty.
    class.relpersistence = 'u' AND pg_is_in_recovery() AS is_out_of_reach
FROM pg_class AS class
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE class.relkind = 'r'
  AND class.relpersistence <> 't'
  AND namespace.nspname NOT LIKE 'pg\_%'
  AND namespace.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_depend AS member
      WHERE member.classid = 'pg_class'::regclass AND member.objid = class.oid
        AND member.deptype = 'e'
  )
ORDER BY 1
