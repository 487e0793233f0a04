-- How many objects of the user's a database holds: 0 is an empty one.
SELECT
    (
        SELECT count(*)
        FROM pg_class AS class
        JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
        WHERE namespace.nspname NOT LIKE 'pg\_%'
          AND namespace.nspname <> 'information_schema'
          AND NOT EXISTS (
              SELECT FROM pg_depend
              WHERE classid = 'pg_class'::regclass AND objid = class.oid AND deptype = 'e'
          )
    )
    + (
        SELECT count(*)
        FROM pg_proc AS function
        JOIN pg_namespace AS namespace ON namespace.oid = function.pronamespace
        WHERE namespace.nspname NOT LIKE 'pg\_%'
          AND namespace.nspname <> 'information_schema'
          AND NOT EXISTS (
              SELECT FROM pg_depend
              WHERE classid = 'pg_proc'::regclass AND objid = function.oid AND deptype = 'e'
          )
    )
    + (
        SELECT count(*)
        FROM pg_type AS type
        JOIN pg_namespace AS namespace ON namespace.oid = type.typnamespace
        WHERE type.typtype IN ('e', 'd', 'r')
          AND namespace.nspname NOT LIKE 'pg\_%'
          AND namespace.nspname <> 'information_schema'
          AND NOT EXISTS (
              SELECT FROM pg_depend
              WHERE classid = 'pg_type'::regclass AND objid = type.oid AND deptype = 'e'
          )
    )
    + (
        SELECT count(*)
        FROM pg_namespace
        WHERE nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('information_schema', 'public')
    )
    + (SELECT count(*) FROM pg_largeobject_metadata)
