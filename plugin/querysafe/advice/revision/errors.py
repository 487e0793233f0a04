"""What can go wrong on the way to a revision."""

from querysafe.errors import QuerysafeError


class RevisionError(QuerysafeError):
    """the revision could not be written"""

    slug = "revisions"


class NotProven(RevisionError):
    """the revision did not pass its proof, and nothing was written"""
