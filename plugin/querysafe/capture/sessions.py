"""What ``Session`` tells: the cause of each SELECT, and the flush a write belongs to."""

import sys
from itertools import count
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from querysafe.capture import eager
from querysafe.capture.orm import cause_of, flush_serial, mark, mark_in
from querysafe.capture.raw import Recorder

_frame = sys._getframe
_flushes = count(1)


def listen(recorder: Recorder) -> None:
    """Hear every session from now on. Called once a process."""
    walk = recorder.sites.walk

    def on_orm_execute(state: Any) -> None:
        if not recorder.active:
            return
        statement = state.statement
        if not statement.is_select and not _brings_objects(state, statement):
            return
        # Frame 0 is this one, 1 and 2 are the session's: the line is nearer from here than
        # from the driver.
        made = mark(state, walk(_frame(2), recorder.until))
        options = state.statement._with_options
        if len(options) > 1 and mark_in(options[:-1]) is None:
            load_options = state.load_options
            if cause_of(state.statement, options, load_options) is None:
                eager.watch(recorder.eager, options, made)

    def before_flush(_session: Any, _context: Any, _objects: Any) -> None:
        flush_serial.set(next(_flushes))

    def after_flush(_session: Any, _context: Any) -> None:
        flush_serial.set(0)

    event.listen(Session, "do_orm_execute", on_orm_execute)
    event.listen(Session, "before_flush", before_flush)
    event.listen(Session, "after_flush", after_flush)


def _brings_objects(state: Any, statement: Any) -> bool:
    """Whether another statement than a SELECT loads objects: ``text()``, ``RETURNING``."""
    return state.is_from_statement or bool(getattr(statement, "_returning", ()))
