"""A candidate index, with the words that say what it would serve."""

from dataclasses import dataclass

from querysafe.advice.index import Index


@dataclass(frozen=True, slots=True)
class Candidate:
    """An index that might be worth having."""

    index: Index
    reason: str
    """A clause that follows "it": ``finds rows by "user_id" in the order of "created_at"``."""
