-- The lock of a killed backup ends within a second, also while a query runs (PostgreSQL 14+).
SELECT set_config(name, '1s', false)
FROM pg_settings
WHERE name = 'client_connection_check_interval'
