"""The search by prefix, ``naive`` and ``cured``."""
