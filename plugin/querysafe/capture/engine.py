"""Every statement of every SQLAlchemy engine of the process, at the price of one listener.

``DialectEvents.do_execute`` and its kin cost 2 to 4 % of a query's own calls, where
``before_cursor_execute`` costs 12 to 21 %: SQLAlchemy then takes its slow path everywhere.
One class-level listener sees engines created before and after it, sync and async.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Any
from weakref import ref

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import ExecuteStyle

from querysafe.capture import requests
from querysafe.capture.orm import Mark, flush_serial
from querysafe.capture.raw import Raw, Recorder
from querysafe.capture.windows import windows

_clock = time.perf_counter
_running_loop = asyncio._get_running_loop
_current_task = asyncio.current_task
_thread = threading.get_ident
_current_thread = threading.current_thread
_scope = requests.current.get
_flush = flush_serial.get
_windows = windows.get
_EXECUTE = ExecuteStyle.EXECUTE


class Serials:
    """Numbers objects while they live: ``id()`` alone is given again to the next one."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, int]] = {}
        self._numbers = count(1)

    def of(self, thing: Any) -> int:
        """The number of an object: positive, never that of another one."""
        known = self._known.get(id(thing))
        if known is not None and known[0]() is thing:
            return known[1]
        number = next(self._numbers)
        if len(self._known) > 1000:
            self._known = {
                key: each for key, each in self._known.copy().items() if each[0]() is not None
            }
        self._known[id(thing)] = (ref(thing), number)
        return number


def listen(recorder: Recorder) -> None:
    """Hear every statement from now on. Called once a process."""
    number_of = Serials().of
    main_thread = threading.main_thread().ident
    walk = recorder.sites.walk

    def record(
        run: Callable[..., Any], arguments: tuple[Any, ...], context: Any, many: bool
    ) -> None:
        connection = context.root_connection
        if not connection._allow_autobegin:
            # The dialect asks a new server for its version and the like: whichever test
            # connects first would count it.
            run(*arguments)
            return
        frame = sys._getframe(2)
        stack = walk(frame, recorder.until)
        loop = _running_loop()
        task = None if loop is None else _current_task(loop)
        if task is not None and not stack.entries:
            stack = recorder.sites.walk_awaiting(task)
        serial: Any = 0
        invoked = context.invoked_statement
        if invoked is not None:
            options = getattr(invoked, "_with_options", None)
            if options and options[-1].__class__ is Mark:
                serial = options[-1].payload
        raw = Raw()
        raw.cursor_statement = arguments[1]
        raw.parameters = arguments[2] if len(arguments) > 3 else ()
        raw.many = many
        raw.sets = len(context.parameters) if many else 1
        raw.stack = stack
        raw.serial = serial
        if _thread() == main_thread:
            raw.task = 0 if task is None else number_of(task)
        else:
            raw.task = -number_of(_current_thread() if task is None else task)
        raw.scope = _scope()
        raw.windows = _windows()
        raw.flush = _flush() if stack.flushing else 0
        transaction = connection._nested_transaction or connection._transaction
        raw.transaction = 0 if transaction is None else number_of(transaction)
        raw.connection = 0 if transaction is not None else number_of(connection)
        raw.dialect = context.dialect
        raw.compiled = context.compiled
        raw.phase = recorder.phase
        if recorder.sites.sees_graphql:
            raw.graphql = recorder.sites.graphql_path(frame)
        raw.started = started = _clock()
        try:
            run(*arguments)
        except BaseException as error:
            raw.error = type(error).__name__
            raise
        finally:
            raw.duration = _clock() - started
            if raw.error is None:
                raw.rowcount = getattr(arguments[0], "rowcount", -1)
            recorder.keep(raw)

    def on_execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        if not recorder.active:
            return False
        dialect = context.dialect
        arguments = (cursor, statement, parameters, context)
        if len(dialect.dispatch.do_execute) > 1 and _handled(
            dialect.dispatch.do_execute, on_execute, arguments
        ):
            return True
        record(dialect.do_execute, arguments, context, context.execute_style is not _EXECUTE)
        return True

    def on_many(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        if not recorder.active:
            return False
        dialect = context.dialect
        arguments = (cursor, statement, parameters, context)
        if len(dialect.dispatch.do_executemany) > 1 and _handled(
            dialect.dispatch.do_executemany, on_many, arguments
        ):
            return True
        record(dialect.do_executemany, arguments, context, True)
        return True

    def on_bare(cursor: Any, statement: str, context: Any) -> bool:
        if not recorder.active:
            return False
        dialect = context.dialect
        arguments = (cursor, statement, context)
        if len(dialect.dispatch.do_execute_no_params) > 1 and _handled(
            dialect.dispatch.do_execute_no_params, on_bare, arguments
        ):
            return True
        record(dialect.do_execute_no_params, arguments, context, False)
        return True

    event.listen(Engine, "do_execute", on_execute)
    event.listen(Engine, "do_executemany", on_many)
    event.listen(Engine, "do_execute_no_params", on_bare)


def _handled(listeners: Any, own: Any, arguments: tuple[Any, ...]) -> bool:
    """Give the application's own listeners their say; one that handled it ends the chain."""
    return any(listener is not own and listener(*arguments) for listener in listeners)
