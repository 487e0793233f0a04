-- Settings that a planner's choice depends on, and how the database sorts text.
SELECT name, setting FROM pg_settings
WHERE name LIKE 'enable\_%' OR name LIKE 'geqo%' OR name LIKE 'cpu\_%\_cost'
    OR name IN (
        'seq_page_cost', 'random_page_cost', 'parallel_setup_cost', 'parallel_tuple_cost',
        'min_parallel_table_scan_size', 'min_parallel_index_scan_size',
        'max_parallel_workers_per_gather', 'effective_cache_size', 'work_mem',
        'hash_mem_multiplier', 'from_collapse_limit', 'join_collapse_limit',
        'constraint_exclusion', 'cursor_tuple_fraction', 'effective_io_concurrency'
    )
ORDER BY name
