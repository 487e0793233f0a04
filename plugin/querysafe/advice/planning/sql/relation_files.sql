-- Files of relations, relative to the data directory, and their pages now.
SELECT c.oid::bigint AS oid,
    pg_relation_filepath(c.oid) AS path,
    pg_relation_size(c.oid) / current_setting('block_size')::int AS blocks
FROM pg_class AS c
WHERE c.oid = ANY (%(oids)s::oid[]) AND c.relkind IN ('r', 'm', 'i')
