"""The one recorder of the process, and when its listeners are installed."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from querysafe.capture import engine, requests, sessions
from querysafe.capture.call_site import CallSites
from querysafe.capture.raw import Raw, Recorder
from querysafe.capture.windows import Window, windows

_recorder: Recorder | None = None


def recorder(
    root: Path | None = None, *, own: Iterable[str] = (), foreign: Iterable[str] = ()
) -> Recorder:
    """The recorder of this process; its listeners are installed on the first call."""
    global _recorder
    if _recorder is None:
        _recorder = Recorder(CallSites(root or Path.cwd(), own=own, foreign=foreign))
        engine.listen(_recorder)
        sessions.listen(_recorder)
    elif root is not None:
        _recorder.sites.configure(root, own=own, foreign=foreign)
    requests.wrap_applications()
    return _recorder


def wanted() -> bool:
    """Whether this process uses SQLAlchemy at all."""
    return "sqlalchemy" in sys.modules


@contextmanager
def window(reason: str = "") -> Iterator[Window]:
    """Open a window: statements of this context, and of what it starts, are its own.

    Outside of a test the recorder runs for as long as the outermost window is open.
    """
    of_process = recorder()
    alone = not of_process.active
    if alone:
        of_process.start()
    opened = Window(reason)
    opened.first = len(of_process.raws)
    token = windows.set((*(windows.get() or ()), opened))
    try:
        yield opened
    finally:
        windows.reset(token)
        if alone:
            of_process.stop()


def within(raws: Sequence[Raw], opened: Window) -> list[Raw]:
    """The statements of a window; those of threads without a context belong to every window."""
    return [raw for raw in raws[opened.first :] if raw.windows is None or opened in raw.windows]


def ignored(raws: Sequence[Raw]) -> dict[int, str]:
    """Position to reason, for the statements sent within a window that has one."""
    return {
        index: reason
        for index, raw in enumerate(raws)
        if raw.windows
        and (reason := next((each.reason for each in raw.windows if each.reason), ""))
    }
