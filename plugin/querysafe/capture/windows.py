"""Stretches of a run that somebody wants apart: captured, or ignored with a reason.

This file imports nothing of SQLAlchemy, so that an application may open a window
without it.
"""

import threading
import time
from collections.abc import Sequence
from contextvars import ContextVar


class Window:
    """A stretch of one thread's or task's time, and of what it starts meanwhile."""

    __slots__ = ("began", "ended", "first", "reason", "thread")
    clock = staticmethod(time.perf_counter)
    """Seconds. Held by a class, where freezegun, which looks at modules, does not replace it."""

    def __init__(self, reason: str = "") -> None:
        self.first = 0
        """Position of its first statement in the recording."""
        self.reason = reason
        """Why what runs within is accepted; "" when it is not."""
        self.began = 0.0
        self.ended = float("inf")
        self.thread = 0

    def open(self) -> None:
        """Let what this context sends, and what it starts, belong to the window."""
        windows.set((*(windows.get() or ()), self))
        if self.reason and stretches.noted:
            self.began = self.clock()
            self.thread = threading.get_ident()
            stretches.known.append(self)

    def close(self) -> None:
        """Take the window away again.

        A fixture may be closed in another context than it was opened in; there it is not.
        """
        self.ended = self.clock()
        windows.set(tuple(each for each in windows.get() or () if each is not self) or None)


def innermost(known: Sequence[Window]) -> Window:
    """The one of some windows to close next: the last that this context has open.

    One object may have windows open in several threads; a context that has none of
    them, as when a fixture is closed in another one, takes the last.
    """
    for window in reversed(windows.get() or ()):
        if window in known:
            return window
    return known[-1]


class Stretches:
    """The ignored windows of the test under way, by time.

    A thread that was started without a context knows no windows: what it sends while
    another thread has one open is taken to be that window's.
    """

    __slots__ = ("known", "noted")

    def __init__(self) -> None:
        self.known: list[Window] = []
        self.noted = False
        """Whether somebody listens; an application that runs must keep nothing."""

    def clear(self) -> None:
        """Forget them: another test begins."""
        self.known.clear()

    def reason_at(self, moment: float) -> str:
        """Why something sent at a moment is accepted; "" when it is not."""
        for window in reversed(self.known):
            if window.began <= moment <= window.ended:
                return window.reason
        return ""


windows: ContextVar[tuple[Window, ...] | None] = ContextVar("querysafe_windows", default=None)
"""The windows that are open here; ``None`` where none is."""
stretches = Stretches()
