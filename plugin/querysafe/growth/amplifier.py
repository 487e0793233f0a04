"""Clones rows while a test runs again: before the first read, and after each write.

The clones are made on the connection that is about to read. So they stand in the test's own
transaction where it has one, wherever its rows came from: fixtures or the test itself.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import SQLAlchemyError

from querysafe.growth.cloning import Cloner
from querysafe.growth.connections import database_of, give_up, is_idle
from querysafe.growth.copies import Copies
from querysafe.growth.filling import Filler
from querysafe.growth.isolation import Isolation, StoppedError, is_held, sessions
from querysafe.growth.ledger import Ledger, State
from querysafe.growth.schema import Schemas
from querysafe.growth.transactions import apart

if TYPE_CHECKING:
    from sqlalchemy import URL

    from querysafe.capture.raw import Recorder

_OWN = "querysafe_grown"
_DIALECTS = ("sqlite", "postgresql")
_READS = ("SELECT", "PRAGMA", "SHOW", "EXPLAIN", "VALUES")
_CHANGE = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
_WRITES = ("INSERT", "UPDATE", "DELETE", "WITH", "COPY", "MERGE", "REPLACE")


class Amplifier:
    """Hears every engine from its making on; clones only while a test is grown."""

    def __init__(self, copies: int, is_wide: Callable[[], bool]) -> None:
        self._cloner = Cloner(Schemas(), copies)
        self._filler = Filler(self._cloner)
        self._fills = True
        self._left = 0
        self._deadline = 0.0
        self._isolation = Isolation(is_wide)
        self._isolation.may_commit = self._may_commit
        self._engines: WeakSet[Engine] = WeakSet()
        self._used: dict[tuple[Any, ...], URL] = {}
        self._ledger = Ledger()
        self._copies: Copies | None = None
        self._recorder: Recorder | None = None
        self._is_cloning = False
        self._talking: dict[int, tuple[str, Any]] = {}
        self._serial = 0
        self.rows = 0
        """How many clones the last grown run made."""
        self.filled = 0
        """How many of them stand where the test has no rows."""
        self.problems: set[str] = set()
        self._heard: tuple[tuple[str, Any], ...] = (
            ("before_cursor_execute", self._before),
            ("do_connect", self._connect),
            ("connect", self._connected),
            *self._isolation.listeners,
            *self._ledger.listeners,
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
        self._isolation.begin()

    @contextmanager
    def growing(
        self, recorder: "Recorder", *, most: int, seconds: float, fills: bool
    ) -> Iterator[str]:
        """Clone rows for as long as the block lasts, in copies of what outlives the test.

        ``fills``: empty tables get rows, too. After ``most`` statements, or so many seconds,
        each statement raises: a loop that waits for rows to run out may wait for ever.
        Yields why the test must not be run again; nothing when it may be.
        """
        used, committed = set(self._used), set(self._isolation.committed)
        if self._isolation.leaks:
            yield "it writes in a transaction that a wider fixture holds open"
            return
        if is_held(used):
            yield "a session with objects of its own outlives it"
            return
        self._serial += 1
        self._ledger.begin()
        self.rows = self.filled = 0
        self.problems.clear()
        self._fills, self._left, self._deadline = fills, most, monotonic() + seconds
        copies = Copies()
        copies.make(self._used.items(), list(self._engines), committed)
        if copies.uncopied & committed:
            copies.discard()
            yield "its database outlives it and could not be copied"
            return
        others = sessions()
        self._isolation.begin()
        self._copies, self._recorder = copies, recorder
        try:
            yield ""
        finally:
            for session in others:
                _leave(session)
            del others
            self._recorder = None
            self._copies = None
            self._talking.clear()
            copies.discard()

    def relieve(self) -> None:
        """Give up the statements that are being executed: safe to call from another thread."""
        for name, driver in list(self._talking.values()):
            with suppress(Exception):  # whatever a driver raises for a connection that is closed
                give_up(name, driver)

    def _connect(self, dialect: Any, _record: Any, cargs: Any, cparams: Any) -> Any:
        return None if self._copies is None else self._copies.connect(dialect, cargs, cparams)

    def _connected(self, _connection: Any, record: Any) -> None:
        if self._copies is not None:
            record.info[_OWN] = self._serial

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
        if self._is_cloning:
            return
        word = statement.lstrip(" \n\t(").partition(" ")[0].upper()
        if self._copies is None:
            self._used.setdefault(database, engine.url)
        if word not in _READS:
            self._isolation.note_write(connection)
        if self._recorder is None or self._recorder.phase != "call":
            return
        driver = connection.connection.driver_connection
        self._talking[get_ident()] = (connection.dialect.driver, driver)
        self._left -= 1
        if self._left < 0 or monotonic() > self._deadline:
            raise StoppedError
        if word in ("SELECT", "WITH") and self._ledger.seen(connection).dirty:
            self._clone(connection)
        if word.startswith(_WRITES) and (word != "WITH" or _CHANGE.search(statement)):
            self._changing(connection).dirty = True

    def _changing(self, connection: Connection) -> State:
        """What a write changes: it is the transaction's own business until the commit."""
        if connection._is_autocommit_isolation():
            return self._ledger.settled(connection)
        return self._ledger.within(connection)

    def _clone(self, connection: Connection) -> None:
        if connection.dialect.name not in _DIALECTS:
            self.problems.add(f"rows of {connection.dialect.name} cannot be cloned")
            return
        for_good = is_idle(connection) and self._may_commit(connection)
        if not for_good and not self._may_wait(connection):
            self.problems.add("its database is held open by a wider fixture")
            return
        state = self._ledger.seen(connection) if for_good else self._ledger.within(connection)
        assert self._recorder is not None
        recorder, self._is_cloning = self._recorder, True
        was_active, recorder.active = recorder.active, False
        cloned = state.cloned.copy()
        try:
            with apart(connection, for_good=for_good):
                self._cloner.clone(connection, cloned)
                before = cloned.rows
                if self._fills:
                    self._filler.fill(connection, cloned)
        except (SQLAlchemyError, NotImplementedError) as error:
            self.problems.add(f"its rows could not be cloned ({type(error).__name__})")
        else:
            self.rows += cloned.rows - state.cloned.rows
            self.filled += cloned.rows - before
            state.cloned, state.dirty = cloned, False
            if for_good:
                self._ledger.settle(connection, state)
        finally:
            recorder.active, self._is_cloning = was_active, False

    def _may_wait(self, connection: Connection) -> bool:
        """Whether clones may stand in the open transaction: it ends with the run."""
        is_begun = not is_idle(connection) or (
            connection.dialect.name == "postgresql" and not connection._is_autocommit_isolation()
        )
        return is_begun and self._isolation.is_undone(connection)

    def _may_commit(self, connection: Connection) -> bool:
        """Whether what is committed is thrown away after the run; true in a test's own run."""
        if self._copies is None:
            return True
        database = database_of(connection.engine)
        if database in self._copies.restored:
            return True
        is_own = connection.info.get(_OWN) == self._serial
        return is_own and database not in self._copies.uncopied


def _leave(session: Any) -> None:
    """End what the grown run began in a session that was there before."""
    synchronous = getattr(session, "sync_session", session)
    if synchronous.in_transaction() or synchronous.identity_map or synchronous.new:
        # It belongs to the user's test, which has its outcome already.
        with suppress(Exception):
            synchronous.close()
