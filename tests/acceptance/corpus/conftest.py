"""Keeps pytest out of the cases: they are a project of their own."""

collect_ignore = ["cases"]
