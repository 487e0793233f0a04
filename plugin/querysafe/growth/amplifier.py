"""Clones rows while a test runs again: before the first read, and after each write.

The clones are made on the connection that is about to read. So they stand in the test's own
transaction where it has one, wherever its rows came from: fixtures or the test itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import SQLAlchemyError

from querysafe.growth.cloning import Cloned, Cloner
from querysafe.growth.connections import database_of, is_idle, settle
from querysafe.growth.copies import Copies
from querysafe.growth.schema import Schemas

if TYPE_CHECKING:
    from sqlalchemy import URL

    from querysafe.capture.raw import Recorder

_OWN = "querysafe_grown"
_DIALECTS = ("sqlite", "postgresql")
_WRITES = ("INSERT", "UPDATE", "DELETE", "WITH", "COPY", "MERGE", "REPLACE")


@dataclass(slots=True)
class _State:
    """One database in one grown run."""

    dirty: bool = True
    cloned: Cloned = field(default_factory=Cloned)
    pending: bool = False
    """Whether the clones stand in a transaction that may be rolled back."""


class Amplifier:
    """Hears every engine from its making on; clones only while a test is grown."""

    def __init__(self, copies: int = 1) -> None:
        self._cloner = Cloner(Schemas(), copies)
        self._engines: WeakSet[Engine] = WeakSet()
        self._used: dict[tuple[Any, ...], URL] = {}
        self._states: dict[tuple[Any, ...], _State] = {}
        self._copies: Copies | None = None
        self._recorder: Recorder | None = None
        self._is_cloning = False
        self._serial = 0
        self.problems: set[str] = set()
        self._heard: tuple[tuple[str, Any], ...] = (
            ("before_cursor_execute", self._before),
            ("do_connect", self._connect),
            ("connect", self._connected),
            ("rollback", self._rolled_back),
            ("rollback_savepoint", self._rolled_back),
        )
        for name, listener in self._heard:
            event.listen(Engine, name, listener)

    def leave(self) -> None:
        """Hear nothing any more."""
        for name, listener in self._heard:
            event.remove(Engine, name, listener)

    def begin(self) -> None:
        """Forget which databases the last test used."""
        self._used.clear()

    @contextmanager
    def growing(self, recorder: "Recorder") -> Iterator[None]:
        """Clone rows for as long as the block lasts, in copies of what outlives the test."""
        self._serial += 1
        self._states.clear()
        self.problems.clear()
        copies = Copies()
        copies.make(list(self._used.values()), list(self._engines))
        self._copies, self._recorder = copies, recorder
        try:
            yield
        finally:
            self._recorder = None
            self._copies = None
            copies.discard()

    @property
    def rows(self) -> int:
        """How many clones the last grown run made."""
        return sum(state.cloned.rows for state in self._states.values())

    def _connect(self, dialect: Any, _record: Any, cargs: Any, cparams: Any) -> Any:
        return None if self._copies is None else self._copies.connect(dialect, cargs, cparams)

    def _connected(self, _connection: Any, record: Any) -> None:
        if self._copies is not None:
            record.info[_OWN] = self._serial

    def _rolled_back(self, connection: Connection, *_: Any) -> None:
        state = self._states.get(database_of(connection.engine))
        if state is not None and state.pending and not self._is_cloning:
            state.cloned, state.pending, state.dirty = Cloned(), False, True

    def _before(
        self,
        connection: Connection,
        _cursor: Any,
        statement: str,
        _parameters: Any,
        _context: Any,
        _many: bool,
    ) -> None:
        engine = connection.engine
        self._engines.add(engine)
        database = database_of(engine)
        if self._copies is None:
            self._used.setdefault(database, engine.url)
            return
        if self._is_cloning or self._recorder is None or self._recorder.phase != "call":
            return
        state = self._states.setdefault(database, _State())
        word = statement.lstrip(" \n\t(").partition(" ")[0].upper()
        if word == "SELECT":
            if state.dirty:
                self._clone(connection, state, database)
        elif word.startswith(_WRITES):
            state.dirty = True

    def _clone(self, connection: Connection, state: _State, database: tuple[Any, ...]) -> None:
        if connection.dialect.name not in _DIALECTS:
            self.problems.add(f"rows of {connection.dialect.name} cannot be cloned")
            return
        idle = is_idle(connection)
        if idle and not self._may_commit(connection, database):
            self.problems.add("its database is held open by a wider fixture")
            return
        assert self._recorder is not None
        recorder, self._is_cloning = self._recorder, True
        was_active, recorder.active = recorder.active, False
        try:
            with _apart(connection, idle):
                self._cloner.clone(connection, state.cloned)
            state.dirty = False
            state.pending = not idle
        except (SQLAlchemyError, NotImplementedError) as error:
            self.problems.add(f"its rows could not be cloned ({type(error).__name__})")
            state.cloned = Cloned()
        finally:
            recorder.active, self._is_cloning = was_active, False

    def _may_commit(self, connection: Connection, database: tuple[Any, ...]) -> bool:
        assert self._copies is not None
        is_own = connection.info.get(_OWN) == self._serial
        return is_own or database in self._copies.restored


@contextmanager
def _apart(connection: Connection, idle: bool) -> Iterator[None]:
    """A savepoint in the open transaction; a transaction of its own where there is none."""
    begin, keep = "SAVEPOINT querysafe", "RELEASE SAVEPOINT querysafe"
    undo: tuple[str, ...] = ("ROLLBACK TO SAVEPOINT querysafe", keep)
    in_autocommit = connection._is_autocommit_isolation()
    if idle and in_autocommit:
        begin, keep, undo = "BEGIN", "COMMIT", ("ROLLBACK",)
    said = not idle or in_autocommit
    run: Callable[[str], Any] = connection.exec_driver_sql
    with _impatient(connection):
        if said:
            run(begin)
        try:
            yield
        except BaseException:
            for statement in undo if said else ():
                run(statement)
            if not said:
                settle(connection, commit=False)
            raise
        if said:
            run(keep)
        else:
            settle(connection, commit=True)


@contextmanager
def _impatient(connection: Connection) -> Iterator[None]:
    """Do not wait for a file that another connection holds: clone at the next read then."""
    if connection.dialect.name != "sqlite":
        yield
        return
    before = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
    connection.exec_driver_sql("PRAGMA busy_timeout = 50")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(before or 0)}")
