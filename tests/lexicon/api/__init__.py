"""The REST interface, ``naive`` and ``cured``: endpoints that read the database themselves."""
