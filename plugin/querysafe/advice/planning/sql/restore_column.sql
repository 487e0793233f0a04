-- Statistics of one column, by the function of PostgreSQL 18.
SELECT pg_restore_attribute_stats(
    'schemaname', n.nspname::text, 'relname', c.relname::text, 'attname', %(name)s::text,
    'inherited', %(inherited)s::boolean, 'version', %(version)s::int,
    'null_frac', %(null_fraction)s::real, 'avg_width', %(width)s::int,
    'n_distinct', %(distinct)s::real,
    'most_common_vals', %(common_values)s::text, 'most_common_freqs', %(common_frequencies)s::real[],
    'histogram_bounds', %(bounds)s::text, 'correlation', %(correlation)s::real,
    'most_common_elems', %(elements)s::text,
    'most_common_elem_freqs', %(element_frequencies)s::real[],
    'elem_count_histogram', %(element_counts)s::real[],
    'range_length_histogram', %(range_lengths)s::text, 'range_empty_frac', %(range_empty)s::real,
    'range_bounds_histogram', %(range_bounds)s::text
)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = %(relation)s::oid
