-- Every sequence and where it stands, for a drill to see that it is not behind.
SELECT format('%I.%I', schemaname, sequencename) AS name, last_value
FROM pg_sequences
ORDER BY 1
