"""Proof of growth: whether the queries of a test follow the number of its rows."""
