-- Types whose equal keys a B-tree keeps once: their operator class promises that they look alike.
SELECT DISTINCT format_type(p.amproclefttype, NULL) AS type
FROM pg_amproc AS p
JOIN pg_opfamily AS f ON f.oid = p.amprocfamily
JOIN pg_am AS m ON m.oid = f.opfmethod
WHERE m.amname = 'btree' AND p.amprocnum = 4
