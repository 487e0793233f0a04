-- What each statement of this database cost since the counters were reset; {schema} is where the extension lives.
SELECT s.query, sum(s.calls)::float8 AS calls, sum(s.total_exec_time)::float8 AS milliseconds
FROM {schema}.pg_stat_statements AS s
JOIN pg_catalog.pg_database AS d ON d.oid = s.dbid
WHERE d.datname = pg_catalog.current_database() AND s.query IS NOT NULL
GROUP BY s.query
ORDER BY milliseconds DESC
