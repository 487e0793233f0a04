"""What goes wrong while a witness is heard."""

from querysafe.errors import QuerysafeError


class SourceError(QuerysafeError):
    """a source of queries cannot be read"""

    slug = "advice"
