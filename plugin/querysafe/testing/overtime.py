"""The end of a grown run that would not end by itself.

More rows than a test was written for may make it wait for what never comes: a lock that its own
clones hold, a queue that never empties, an answer of a thread that has died. Its time is up some
time all the same.
"""

import asyncio
import ctypes
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import pytest

AGAIN_SECONDS = 2.0
"""So long after the first call, and each further one, a run is called to its end anew."""


class OvertimeError(pytest.fail.Exception):  # type: ignore[misc,name-defined]
    """The time of a run is up.

    As a failure of pytest it passes by ``except Exception`` of the application, and pytest goes
    on with the other fixtures of a teardown that it interrupts.
    """


class Watch:
    """Interrupts what a thread does when its time is up, and again until it has ended."""

    def __init__(self, seconds: float, relieve: Callable[[], None]) -> None:
        self.seconds = seconds
        self.struck = False
        """Whether the time was up at all."""
        self._relieve = relieve
        self._code: CodeType | None = None
        self._is_armed = False
        self._lock = threading.Lock()
        self._thread = threading.get_ident()

    @contextmanager
    def over(self, code: CodeType | None = None) -> Iterator[None]:
        """Raise :class:`OvertimeError` in the block when it lasts too long.

        ``code`` is that of a test: a task of an event loop that waits in it is cancelled, and
        the loop goes on for the fixtures that share it. What a driver waits for is given up
        by ``relieve``, which another thread calls.
        """
        self._code, self._thread = code, threading.get_ident()
        done = threading.Event()
        has_signals = self._listen()
        before = signal.signal(signal.SIGALRM, self._rung) if has_signals else None
        guard = threading.Thread(
            target=self._wait, args=(done, has_signals), name="querysafe-overtime", daemon=True
        )
        self._is_armed = True
        guard.start()
        try:
            yield
        finally:
            self._is_armed = False
            try:
                self._end(guard, done)
            except OvertimeError:  # it was on its way here
                self._end(guard, done)
            if has_signals and signal.getsignal(signal.SIGALRM) == self._rung:
                signal.signal(signal.SIGALRM, before or signal.SIG_DFL)

    def _end(self, guard: threading.Thread, done: threading.Event) -> None:
        """Let what is on its way arrive here: no error of this run reaches what comes after it.

        An asynchronous error is not taken back: CPython would remember for ever that there is
        one, and its debug and profile hooks never return.
        """
        done.set()
        guard.join(AGAIN_SECONDS)
        time.sleep(0)

    def _listen(self) -> bool:
        """Whether a signal may be used: the alarm of nobody else."""
        return (
            sys.platform != "win32"
            and threading.current_thread() is threading.main_thread()
            and signal.getitimer(signal.ITIMER_REAL)[0] == 0
        )

    def _wait(self, done: threading.Event, has_signals: bool) -> None:
        wait = self.seconds
        while not done.wait(wait):
            wait = AGAIN_SECONDS
            with self._lock:
                if not self._is_armed:
                    return
                if has_signals and signal.getsignal(signal.SIGALRM) == self._rung:
                    signal.pthread_kill(self._thread, signal.SIGALRM)
                else:
                    self.struck = True
                    _raise_in(self._thread, OvertimeError)
            self._relieve()

    def _rung(self, _number: int, _frame: FrameType | None) -> None:
        if not self._is_armed:
            return
        is_first, self.struck = not self.struck, True
        if is_first and self._cancel():
            return
        raise OvertimeError("the time of a grown run is up")

    def _cancel(self) -> bool:
        """Cancel the task that waits in the test; false when there is none."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        waiting = [each for each in asyncio.all_tasks(loop) if self._is_in(each.get_coro())]
        for each in waiting:
            loop.call_soon_threadsafe(each.cancel)  # wakes a loop that sleeps
        return bool(waiting)

    def _is_in(self, awaited: Any) -> bool:
        while awaited is not None:
            frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
            if frame is not None and frame.f_code is self._code:
                return True
            awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
        return False


def _raise_in(thread: int, error: type[BaseException]) -> None:
    """Raise in a thread as soon as it executes Python again."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))
