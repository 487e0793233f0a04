"""What administrators see, ``naive`` and ``cured``."""
