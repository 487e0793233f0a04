"""Tables: what many queries share is written once and named by its position."""

from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Table(Generic[Key]):
    """Values in the order of their first appearance."""

    def __init__(self) -> None:
        self._positions: dict[Key, int] = {}

    def add(self, value: Key) -> int:
        """Give a value's position."""
        return self._positions.setdefault(value, len(self._positions))

    @property
    def values(self) -> tuple[Key, ...]:
        """Every value, by position."""
        return tuple(self._positions)
