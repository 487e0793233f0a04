"""The log of a PostgreSQL server: its lines to entries (``stderr``, ``csvlog``, ``jsonlog``), its
entries to queries. https://www.postgresql.org/docs/current/runtime-config-logging.html
"""
