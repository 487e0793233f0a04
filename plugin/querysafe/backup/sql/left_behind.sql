-- Databases that restores of one target left behind, told by their comment.
SELECT datname
FROM pg_database
WHERE shobj_description(oid, 'pg_database') = %(comment)s
