-- Which table is a partition or an inheritance child of which.
SELECT h.inhparent::bigint AS parent, h.inhrelid::bigint AS child
FROM pg_inherits AS h
WHERE h.inhrelid = ANY (%(tables)s) AND h.inhparent = ANY (%(tables)s)
ORDER BY h.inhparent, h.inhseqno, h.inhrelid
