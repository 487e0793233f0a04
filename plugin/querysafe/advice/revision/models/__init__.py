"""Declares new indexes in the project's models, keeping every other character of the source."""
