"""Stretches of a run that somebody wants apart: captured, or ignored with a reason.

This file imports nothing of SQLAlchemy, so that an application may open a window
without it.
"""

from contextvars import ContextVar


class Window:
    """A stretch of one thread's or task's time, and of what it starts meanwhile."""

    __slots__ = ("first", "reason")

    def __init__(self, reason: str = "") -> None:
        self.first = 0
        """Position of its first statement in the recording."""
        self.reason = reason
        """Why what runs within is accepted; "" when it is not."""


windows: ContextVar[tuple[Window, ...] | None] = ContextVar("querysafe_windows", default=None)
"""The windows that are open here; ``None`` in a thread that was started without a context."""
