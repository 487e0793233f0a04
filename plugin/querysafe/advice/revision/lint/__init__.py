"""Judges hand-written revisions by reading them: none is imported, no database is asked.

A file becomes :class:`~querysafe.advice.revision.lint.change.Change` values, whether they are
written with ``op`` or as SQL; each rule looks at those.
"""
