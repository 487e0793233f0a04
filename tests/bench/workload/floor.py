"""The floor: an event pair, the first frame of the application, one ORM listener; nothing else.

Less than this nobody can do who wants to say which line of the user's sent which
statement and how long it took. There is no analysis and no memory beyond a test.
"""

import sys
import sysconfig
import time
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

LIBRARIES = (sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"))
records: list[Any] = []
started: list[float] = []
internal: dict[str, bool] = {}


def before(_c: Any, _cursor: Any, _s: str, _p: Any, _context: Any, _many: bool) -> None:
    started.append(time.perf_counter())


def after(_c: Any, _cursor: Any, statement: str, _p: Any, _context: Any, _many: bool) -> None:
    duration = time.perf_counter() - started.pop()
    frame: Any = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        known = internal.get(file)
        if known is None:
            known = internal[file] = file.startswith(LIBRARIES) or "site-packages" in file
        if not known:
            break
        frame = frame.f_back
    line = (file, frame.f_lineno) if frame is not None else None
    records.append((statement, duration, line))


def on_orm_execute(_state: Any) -> None:
    pass


def pytest_configure() -> None:
    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    event.listen(Session, "do_orm_execute", on_orm_execute)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Any:
    records.clear()
    return (yield)
