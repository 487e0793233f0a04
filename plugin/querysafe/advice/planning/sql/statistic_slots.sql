-- What pg_statistic needs of an attribute: its types, their operators and its collation.
SELECT
    a.attrelid::bigint AS relation,
    a.attname AS name,
    a.attnum AS number,
    b.oid::bigint AS type,
    a.attcollation::bigint AS collation,
    coalesce(equal.amopopr, 0)::bigint AS equal,
    coalesce(less.amopopr, 0)::bigint AS less,
    CASE WHEN b.typname = 'tsvector' THEN 25 ELSE b.typelem END::bigint AS element,
    CASE WHEN b.typname = 'tsvector' THEN 98 ELSE coalesce(element_equal.amopopr, 0)
    END::bigint AS element_equal,
    CASE WHEN b.typname = 'tsvector' THEN 100 ELSE a.attcollation END::bigint AS element_collation
FROM pg_attribute AS a
JOIN pg_type AS t ON t.oid = a.atttypid
JOIN pg_type AS b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
LEFT JOIN LATERAL (
    SELECT o.opcfamily, o.opcintype
    FROM pg_opclass AS o
    WHERE o.opcdefault AND o.opcmethod = (SELECT oid FROM pg_am WHERE amname = 'btree')
        AND (o.opcintype = b.oid
             OR o.opcintype = CASE
                 WHEN b.typcategory = 'A' THEN 'anyarray'::regtype
                 WHEN b.typtype = 'e' THEN 'anyenum'::regtype
                 WHEN b.typtype = 'r' THEN 'anyrange'::regtype
                 WHEN b.typtype = 'c' THEN 'record'::regtype END
             OR EXISTS (SELECT FROM pg_cast AS k WHERE k.castsource = b.oid
                        AND k.casttarget = o.opcintype AND k.castmethod = 'b'))
    ORDER BY o.opcintype = b.oid DESC, o.opcintype
    LIMIT 1
) AS class ON true
LEFT JOIN pg_amop AS equal ON equal.amopfamily = class.opcfamily AND equal.amopstrategy = 3
    AND equal.amoplefttype = class.opcintype AND equal.amoprighttype = class.opcintype
LEFT JOIN pg_amop AS less ON less.amopfamily = class.opcfamily AND less.amopstrategy = 1
    AND less.amoplefttype = class.opcintype AND less.amoprighttype = class.opcintype
LEFT JOIN LATERAL (
    SELECT o.opcfamily, o.opcintype
    FROM pg_opclass AS o
    WHERE b.typcategory = 'A' AND o.opcdefault
        AND o.opcmethod = (SELECT oid FROM pg_am WHERE amname = 'btree')
        AND (o.opcintype = b.typelem
             OR EXISTS (SELECT FROM pg_type AS e WHERE e.oid = b.typelem AND e.typtype = 'e'
                        AND o.opcintype = 'anyenum'::regtype)
             OR EXISTS (SELECT FROM pg_cast AS k WHERE k.castsource = b.typelem
                        AND k.casttarget = o.opcintype AND k.castmethod = 'b'))
    ORDER BY o.opcintype = b.typelem DESC, o.opcintype
    LIMIT 1
) AS element_class ON true
LEFT JOIN pg_amop AS element_equal ON element_equal.amopfamily = element_class.opcfamily
    AND element_equal.amopstrategy = 3
    AND element_equal.amoplefttype = element_class.opcintype
    AND element_equal.amoprighttype = element_class.opcintype
WHERE a.attrelid = ANY (%(relations)s) AND a.attnum > 0 AND NOT a.attisdropped
