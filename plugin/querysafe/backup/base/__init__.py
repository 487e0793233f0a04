"""Base backups: a whole cluster as ``pg_basebackup`` reads it, and the way back to any moment."""
