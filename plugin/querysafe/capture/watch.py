"""The one recorder of the process, and when its listeners are installed."""

import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from querysafe.capture import engine, requests, sessions
from querysafe.capture.call_site import CallSites
from querysafe.capture.raw import Raw, Recorder
from querysafe.capture.windows import Window, stretches

_recorder: Recorder | None = None
_lock = threading.Lock()
_alone: list[Recorder] = []
"""One entry for each window that is open outside of a test."""


def recorder(
    root: Path | None = None, *, own: Iterable[str] = (), foreign: Iterable[str] = ()
) -> Recorder:
    """The recorder of this process; its listeners are installed on the first call."""
    global _recorder
    if _recorder is None:
        _recorder = Recorder(CallSites(root or Path.cwd(), own=own, foreign=foreign))
        engine.listen(_recorder)
        sessions.listen(_recorder)
        requests.watch_imports()
    elif root is not None:
        _recorder.sites.configure(root, own=own, foreign=foreign)
    requests.wrap_applications()
    return _recorder


def wanted() -> bool:
    """Whether this process uses SQLAlchemy at all."""
    return "sqlalchemy" in sys.modules


@contextmanager
def window() -> Iterator[Window]:
    """Open a window: statements of this context, and of what it starts, are its own.

    Outside of a test the recorder runs for as long as any window is open.
    """
    of_process = recorder()
    with _lock:
        if not of_process.active:
            of_process.start()
            of_process.phase, of_process.until = "", None
            _alone.clear()
            _alone.append(of_process)
        elif _alone:
            _alone.append(of_process)
    alone = bool(_alone)
    opened = Window()
    opened.first = len(of_process.raws)
    opened.open()
    try:
        yield opened
    finally:
        opened.close()
        if alone:
            with _lock:
                if _alone:
                    _alone.pop()
                    if not _alone:
                        of_process.stop()


def take_over() -> Recorder:
    """Start the recorder for a test: windows that were open before no longer decide on it."""
    of_process = _recorder or recorder()
    with _lock:
        _alone.clear()
        of_process.start()
    return of_process


def within(raws: Sequence[Raw], opened: Window) -> list[Raw]:
    """The statements of a window; a thread without a context belongs to every window."""
    return [
        raw
        for raw in raws[opened.first :]
        if (opened in raw.windows if raw.windows else _has_no_context(raw))
    ]


def ignored(raws: Sequence[Raw]) -> dict[int, str]:
    """Position to reason, for the statements sent within an ``ignore``: the innermost tells."""
    return {
        index: reason
        for index, raw in enumerate(raws)
        if (raw.windows or raw.task < 0) and (reason := _reason(raw))
    }


def _reason(raw: Raw) -> str:
    if raw.windows:
        return next((each.reason for each in reversed(raw.windows) if each.reason), "")
    return stretches.reason_at(raw.started) if _has_no_context(raw) else ""


def _has_no_context(raw: Raw) -> bool:
    """Whether a thread sent it that does not know in which context it was started."""
    return raw.windows is None and raw.task < 0
