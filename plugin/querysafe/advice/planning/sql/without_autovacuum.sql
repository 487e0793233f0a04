-- Keep autovacuum off all tables of a clone: it would count their rows and cut their files.
UPDATE pg_class
SET reloptions = array_append(
    ARRAY(SELECT o FROM unnest(reloptions) AS o WHERE o NOT LIKE 'autovacuum_enabled=%'),
    'autovacuum_enabled=false'
)
WHERE relkind IN ('r', 'm') AND oid >= 16384
