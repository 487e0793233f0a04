"""Logical backups: a ``pg_dump`` archive of one database, and the way back."""
