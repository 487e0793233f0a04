"""What ``Session`` tells: the cause of each SELECT, and the flush a write belongs to."""

import re
import sys
from contextvars import ContextVar
from itertools import count
from typing import Any
from weakref import ref

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.orm import Session

from querysafe.capture import eager
from querysafe.capture.orm import cause_of, flush_serial, mark, shorten
from querysafe.capture.raw import Recorder

_frame = sys._getframe
_flushes = count(1)
_LEAKING = ("autoflush", "identity_token", "populate_existing", "yield_per")

_open: ContextVar[tuple[tuple[Any, int], ...]] = ContextVar("querysafe_flushes", default=())
"""Session (weakly) and number of each flush under way, outermost first.

A listener of one session's flush may flush another one: an audit log, a history.
"""


def listen(recorder: Recorder) -> None:
    """Hear every session from now on. Called once a process."""
    walk = recorder.sites.walk

    def on_orm_execute(state: Any) -> None:
        if not recorder.active:
            return
        statement = state.statement
        if not statement.is_select and not _brings_objects(state, statement):
            return
        try:
            # Frame 0 is this one, 1 and 2 are the session's: the line is nearer from here than
            # from the driver.
            made = mark(state, walk(_frame(2), recorder.until))
            options = state.statement._with_options
            if made.parent is not None:
                shorten(state)
            elif len(options) > 1 and cause_of(state.statement, made, state.load_options) is None:
                eager.watch(recorder.eager, options, made)
        except Exception as problem:
            recorder.fail(problem)

    def before_flush(session: Any, _context: Any, _objects: Any) -> None:
        serial = next(_flushes)
        _open.set((*_around(session), (ref(session), serial)))
        flush_serial.set(serial)

    def after_flush(session: Any, _context: Any) -> None:
        around = _around(session)
        _open.set(around)
        flush_serial.set(around[-1][1] if around else 0)

    event.listen(Session, "do_orm_execute", on_orm_execute)
    if _leaks():
        event.listen(Session, "do_orm_execute", heal)
    event.listen(Session, "before_flush", before_flush)
    event.listen(Session, "after_flush", after_flush)


def _around(session: Any) -> tuple[tuple[Any, int], ...]:
    """The flushes around that of a session.

    One that failed, or had nothing to write, is not told to be over: its session knows.
    """
    return tuple(
        (known, serial)
        for known, serial in _open.get()
        if (other := known()) is not None and other is not session and other._flushing
    )


def _leaks() -> bool:
    """Whether this SQLAlchemy lets any ``do_orm_execute`` listener change what loaders do.

    From 2.0.20 to 2.0.49 a listener makes options of the outer statement, ``yield_per``
    first of all, those of its ``selectinload`` statements, which then raise (SQLAlchemy
    issue 13301).
    """
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", sqlalchemy.__version__)
    return found is not None and (2, 0, 20) <= tuple(map(int, found.groups())) < (2, 0, 50)


def heal(state: Any) -> None:
    """Take away what a loader's statement got from the outer one through our listening alone.

    An option of its own agrees with its load options. Where the application listens
    too, it has SQLAlchemy's behaviour without us, and keeps it with us.
    """
    options = state.local_execution_options
    if "sa_top_level_orm_context" not in options:
        return
    if any(each.__module__ != __name__ for each in state.session.dispatch.do_orm_execute):
        return
    own = options.get("_sa_orm_load_options")
    leaked = {
        name
        for name in _LEAKING
        if name in options and getattr(own, f"_{name}", None) != options[name]
    }
    if leaked:
        state.local_execution_options = options.__class__(
            {name: value for name, value in options.items() if name not in leaked}
        )


def _brings_objects(state: Any, statement: Any) -> bool:
    """Whether another statement than a SELECT loads objects: ``text()``, ``RETURNING``."""
    return state.is_from_statement or bool(getattr(statement, "_returning", ()))
