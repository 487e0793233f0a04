"""What a reader left out, so that nothing is dropped in silence."""

from collections.abc import Iterator
from dataclasses import dataclass

from querysafe.query import CapturedQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """One entry of a source that gave no query."""

    source: str
    """The file, as the user named it, or the view."""
    line: int
    """Where the entry begins, from 1; 0 when a source has no lines."""
    why: str
    """In two or three words, the same for all of one sort: they are counted by it."""
    broken: bool = True
    """False for what is whole, but no statement to look at."""

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}" if self.line else self.source
        return f"{place}: {self.why}"


Heard = Iterator[CapturedQuery | Unread]
"""What every reader gives, one entry at a time: a production log does not fit into memory."""
