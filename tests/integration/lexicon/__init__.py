"""Tests about the lexicon itself: data, history, variants, commands."""
