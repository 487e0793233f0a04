-- Clones that nobody who made them holds.
SELECT d.datname
FROM pg_database AS d
WHERE starts_with(d.datname, %(prefix)s)
    AND NOT EXISTS (
        SELECT FROM pg_stat_activity AS a
        WHERE a.application_name = d.datname OR a.datname = d.datname
    )
