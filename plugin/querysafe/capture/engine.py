"""Every statement of every SQLAlchemy engine of the process, at the price of one listener.

``DialectEvents.do_execute`` and its kin cost 2 to 4 % of a query's own calls, where
``before_cursor_execute`` costs 12 to 21 %: SQLAlchemy then takes its slow path everywhere.
One class-level listener sees engines created before and after it, sync and async.
"""

import asyncio
import sys
import threading
from collections.abc import Callable
from itertools import count
from typing import Any
from weakref import ref

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import ExecuteStyle
from sqlalchemy.sql.selectable import Select

from querysafe.capture import requests
from querysafe.capture.orm import PLAIN, Mark, cause_of, flush_serial, mark_in
from querysafe.capture.raw import Raw, Recorder
from querysafe.capture.windows import Window, windows

_running_loop = asyncio._get_running_loop
_current_task = asyncio.current_task
_thread = threading.get_ident
_current_thread = threading.current_thread
_scope = requests.current.get
_flush = flush_serial.get
_windows = windows.get
_EXECUTE = ExecuteStyle.EXECUTE
_BATCHES = ExecuteStyle.INSERTMANYVALUES
_frame = sys._getframe
_tuple = tuple.__new__
_NO_FIELD = ("", 0)


class Serials:
    """Numbers objects while they live: ``id()`` alone is given again to the next one."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Any, int]] = {}
        self._numbers = count(1)

    def of(self, thing: Any) -> int:
        """The number of an object: positive, never that of another one."""
        known = self.known.get(id(thing))
        if known is not None and known[0]() is thing:
            return known[1]
        number = next(self._numbers)
        if len(self.known) > 1000:
            for key, each in list(self.known.items()):
                if each[0]() is None:
                    self.known.pop(key, None)
        self.known[id(thing)] = (ref(thing), number)
        return number


def listen(recorder: Recorder) -> None:
    """Hear every statement from now on. Called once a process."""
    number_of = Serials().of
    latest: tuple[Any, int] = (lambda: None, 0)
    """The transaction of the last statement and its number: mostly that of the next one, too."""
    main_thread = threading.main_thread().ident
    sites, stragglers = recorder.sites, recorder.stragglers
    walk = sites.walk
    clock = Window.clock

    def record(
        run: Callable[..., Any],
        arguments: tuple[Any, ...],
        context: Any,
        many: bool = False,
        bare: bool = False,
    ) -> bool:
        nonlocal latest
        connection = context.root_connection
        if not connection._allow_autobegin:
            # The dialect asks a new server for its version and the like: whichever test
            # connects first would count it.
            run(*arguments)
            return True
        if stragglers.threads and stragglers.runs_here() and _scope() is None:
            run(*arguments)
            return True
        try:
            mark = cause = None
            invoked = context.invoked_statement
            if invoked is not None and (options := invoked._with_options):
                mark = options[-1]
                if mark.__class__ is not Mark:
                    mark = mark_in(options)
            # Frame 0 is this one, 1 the listener, 2 and 3 are of the engine.
            if mark is None:
                stack = walk(_frame(3), recorder.until)
            else:
                stack = mark.stack
                given = context.execution_options
                if "_sa_orm_load_options" in given:
                    cause = cause_of(invoked, mark, given["_sa_orm_load_options"])
                    mark.parent = None
                elif invoked.__class__ is not Select or invoked._compile_options is not PLAIN:
                    cause = cause_of(invoked, mark, None)
                    mark.parent = None
            loop = _running_loop()
            task = None if loop is None else _current_task(loop)
            if task is not None and not stack.entries:
                stack = sites.walk_awaiting(task)
                if mark is not None:
                    mark.stack = stack
            if _thread() == main_thread:
                tasked = 0 if task is None else number_of(task)
            else:
                tasked = -number_of(_current_thread() if task is None else task)
            transaction = connection._nested_transaction or connection._transaction
            number = 0
            if transaction is not None:
                of, number = latest
                if of() is not transaction:
                    number = number_of(transaction)
                    latest = (ref(transaction), number)
            parameters = () if bare else arguments[2]
            sets = _sets(parameters, context) if many else 1
            graphql = sites.graphql_path(_frame(3)) if sites.sees_graphql else _NO_FIELD
        except Exception as problem:
            # What we cannot record must not break what is recorded.
            recorder.fail(problem)
            run(*arguments)
            return True
        error = None
        raws = recorder.raws  # a test may end, and another one begin, before the answer comes
        started = clock()
        try:
            run(*arguments)
        except BaseException as raised:
            error = type(raised).__name__
            raise
        finally:
            duration = clock() - started
            rowcount = -1
            if error is None:
                try:
                    rowcount = arguments[0].rowcount
                except Exception:  # a driver that does not know raises what it likes
                    rowcount = -1
            # Adding to a list in place is one step for all threads, and a call less.
            raws += (
                _tuple(
                    Raw,
                    (
                        arguments[1],
                        parameters,
                        many,
                        sets,
                        stack,
                        mark,
                        cause,
                        tasked,
                        _scope(),
                        _windows(),
                        _flush() if stack.flushing else 0,
                        number,
                        0 if transaction is not None else number_of(connection),
                        context.dialect,
                        context.compiled,
                        recorder.phase,
                        graphql,
                        started,
                        duration,
                        rowcount,
                        error,
                    ),
                ),
            )
        return True

    def on_execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        if not recorder.active:
            return False
        dialect = context.dialect
        arguments = (cursor, statement, parameters, context)
        others = dialect.dispatch.do_execute
        if (others.listeners or len(others.parent_listeners) > 1) and _handled(
            others, on_execute, arguments
        ):
            return True
        many = context.execute_style is not _EXECUTE
        return record(dialect.do_execute, arguments, context, many)

    def on_many(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        if not recorder.active:
            return False
        dialect = context.dialect
        arguments = (cursor, statement, parameters, context)
        if _handled(dialect.dispatch.do_executemany, on_many, arguments):
            return True
        return record(dialect.do_executemany, arguments, context, True)

    def on_bare(cursor: Any, statement: str, context: Any) -> bool:
        if not recorder.active:
            return False
        dialect = context.dialect
        arguments = (cursor, statement, context)
        if _handled(dialect.dispatch.do_execute_no_params, on_bare, arguments):
            return True
        return record(dialect.do_execute_no_params, arguments, context, bare=True)

    event.listen(Engine, "do_execute", on_execute)
    event.listen(Engine, "do_executemany", on_many)
    event.listen(Engine, "do_execute_no_params", on_bare)


def _sets(parameters: Any, context: Any) -> int:
    """How many rows one round trip brings: of a long INSERT each batch is one."""
    rows = context.parameters
    if context.execute_style is _BATCHES and rows and rows[0]:
        return max(1, min(len(rows), len(parameters) // len(rows[0])))
    return len(rows)


def _handled(listeners: Any, own: Any, arguments: tuple[Any, ...]) -> bool:
    """Give the application's own listeners their say; one that handled it ends the chain."""
    return any(listener is not own and listener(*arguments) for listener in listeners)
