-- The locale provider and its locale, as CREATE DATABASE spells them (PostgreSQL 15 and newer).
SELECT
    CASE datlocprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END AS provider,
    to_jsonb(database) ->> CASE
        WHEN to_jsonb(database) ? 'datlocale' THEN 'datlocale' ELSE 'daticulocale'
    END AS locale
FROM pg_database AS database
WHERE datname = current_database()
