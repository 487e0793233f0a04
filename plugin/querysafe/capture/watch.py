"""The one recorder of the process, and when its listeners are installed."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from querysafe.capture import engine, requests, sessions
from querysafe.capture.call_site import CallSites
from querysafe.capture.raw import Recorder, Window

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
def window() -> Iterator[Window]:
    """Open a window: queries of this context, and of threads it starts, are its own.

    Outside of a test the recorder runs for as long as the window is open.
    """
    of_process = recorder()
    alone = not of_process.active
    if alone:
        of_process.start()
    opened = Window()
    opened.first = len(of_process.raws)
    token = of_process.windows.set((*(of_process.windows.get() or ()), opened))
    try:
        yield opened
    finally:
        of_process.windows.reset(token)
        if alone:
            of_process.stop()
