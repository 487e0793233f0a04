"""What long work tells of itself, to a terminal or to nobody."""

from collections.abc import Iterator
from contextlib import contextmanager


class Step:
    """One part of the work. What is told here is for people, and may be ignored."""

    def advance(self, amount: int) -> None:
        """So many bytes more have passed."""

    def say(self, what: str) -> None:
        """Now at this."""


class Steps:
    """Hears nothing; the command line has one that draws."""

    @contextmanager
    def step(self, name: str, *, total: int | None = None) -> Iterator[Step]:
        """Begin a part; ``total`` is the bytes expected, where they are known."""
        yield Step()

    def publish(self) -> None:
        """Everything is stored and proven; what comes now makes it a backup, and is quick."""
