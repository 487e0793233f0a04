-- Databases that a restore may have left behind, with what tells them: comment and limit.
SELECT datname, shobj_description(oid, 'pg_database'), datconnlimit
FROM pg_database
WHERE NOT datistemplate
