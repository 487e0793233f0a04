"""What ``Session`` tells: the cause of each SELECT, and the flush a write belongs to."""

from itertools import count
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from querysafe.capture import eager
from querysafe.capture.orm import cause_of, flush_serial, mark
from querysafe.capture.raw import Recorder

_serials = count(1)
_flushes = count(1)


def listen(recorder: Recorder) -> None:
    """Hear every session from now on. Called once a process."""

    def on_orm_execute(state: Any) -> None:
        if not recorder.active or not state.is_select:
            return
        serial = next(_serials)
        cause = recorder.causes[serial] = cause_of(state)
        if cause.loading == "statement" and state.statement._with_options:
            eager.watch(recorder.eager, state, serial)
        mark(state, serial)

    def before_flush(_session: Any, _context: Any, _objects: Any) -> None:
        flush_serial.set(next(_flushes))

    def after_flush(_session: Any, _context: Any) -> None:
        flush_serial.set(0)

    event.listen(Session, "do_orm_execute", on_orm_execute)
    event.listen(Session, "before_flush", before_flush)
    event.listen(Session, "after_flush", after_flush)
