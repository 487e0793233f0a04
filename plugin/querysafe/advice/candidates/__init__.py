"""Candidate indexes, from the conditions, joins, orders and groups of a statement's own plans."""
