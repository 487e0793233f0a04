"""Threads that a test left running: what they send later is no query of the next test."""

import asyncio
import threading
from _thread import _count  # threads that Python started, the main one apart
from threading import Thread


class Stragglers:
    """The threads that were started while a test was called and outlived it.

    Workers of a pool are none of them: the next test gives them work of its own. What a
    thread does for a web request is not theirs either; that is for the caller to tell.
    """

    def __init__(self) -> None:
        self._before: set[Thread] | None = None
        self.threads: frozenset[Thread] = frozenset()

    def runs_here(self) -> bool:
        """Whether one of them is running now, in no event loop: a loop serves whoever asks."""
        return threading.current_thread() in self.threads and asyncio._get_running_loop() is None

    def begin(self) -> None:
        """Remember who is there when a test is about to be called."""
        self._before = set(threading.enumerate()) if _count() else set()
        if self.threads:
            self.threads = frozenset(each for each in self.threads if each.is_alive())

    def end(self) -> None:
        """Note who came during the call and is still there."""
        before, self._before = self._before, None
        if before is None or not _count():
            return
        before.add(threading.main_thread())
        left = [
            each
            for each in threading.enumerate()
            if each not in before and not _works_in_pool(each)
        ]
        if left:
            self.threads |= frozenset(left)


def _works_in_pool(thread: Thread) -> bool:
    """Whether it takes its work from others: a pool's, or a library's own kind of thread."""
    target = getattr(thread, "_target", None)
    module = getattr(target, "__module__", None) or type(thread).__module__
    return module.startswith(("concurrent.", "anyio.", "asyncio.", "aiosqlite."))
