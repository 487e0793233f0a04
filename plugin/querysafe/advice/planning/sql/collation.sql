-- Whether a database sorts text by its bytes, and a locale of the server that does not.
SELECT
    d.datcollate IN ('C', 'POSIX') AND coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') = 'c'
        OR to_jsonb(d) ->> 'datlocprovider' = 'b' AS by_bytes,
    (SELECT c.collcollate
     FROM pg_collation AS c
     WHERE c.collprovider = 'c' AND c.collencoding IN (d.encoding, -1)
        AND c.collcollate NOT IN ('C', 'POSIX', '') AND c.collcollate = c.collctype
     ORDER BY c.collcollate ILIKE 'en_US%%' DESC, c.collcollate
     LIMIT 1) AS locale
FROM pg_database AS d
WHERE d.datname = %(name)s
