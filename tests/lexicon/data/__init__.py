"""The lexicon's rows: CLDR as Babel carries it, and invented learners."""
