-- What this role may do on this server, and how big the database is.
SELECT
    current_setting('is_superuser')::boolean AS is_superuser,
    pg_is_in_recovery() AS in_recovery,
    pg_database_size(current_database()) AS size,
    current_setting('server_version_num')::int / 10000 AS major
