"""Writes of the learners' progress, ``naive`` and ``cured``. The caller commits unless told."""
