"""What outlives a test: commits, transactions and sessions that wider fixtures hold open.

A test is run again only where all that it writes is undone, or written to a copy.
"""

import gc
import sys
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from querysafe.growth.connections import database_of

_BEGUN, _SAVED = "querysafe_begun", "querysafe_saved"
WIDE = 0
"""Stands for a wider fixture where else the number of a run does."""
Database = tuple[Any, ...]


class StoppedError(Exception):
    """Ends a grown run: it would write what outlives it, or it goes on for ever."""


class Isolation:
    """Follows the transactions of every engine, run by run."""

    def __init__(self, is_wide: Callable[[], bool]) -> None:
        self._is_wide = is_wide
        self._run = WIDE
        self.committed: set[Database] = set()
        """Databases in which the run committed."""
        self.leaks: set[Database] = set()
        """Databases in which it wrote within a transaction that a wider fixture began."""
        self.listeners: tuple[tuple[str, Any], ...] = (
            ("begin", self._begun),
            ("commit", self._committing),
            ("savepoint", self._saved),
            ("rollback_savepoint", self._released),
            ("release_savepoint", self._released),
        )
        self.may_commit: Callable[[Connection], bool] = lambda _: True

    def begin(self) -> None:
        """A test runs, for the first time or again."""
        self._run += 1
        self.committed.clear()
        self.leaks.clear()

    def is_undone(self, connection: Connection) -> bool:
        """Whether the open transaction of a connection ends with the run."""
        saved = connection.info.get(_SAVED, ())
        begun = connection.info.get(_BEGUN) == self._run
        return begun or any(run == self._run for _, run in saved)

    def note_write(self, connection: Connection) -> None:
        """A statement that changes something is about to be sent."""
        if self._is_wide():
            return
        if connection._is_autocommit_isolation():
            self._committing(connection)
        elif not self.is_undone(connection):
            self.leaks.add(database_of(connection.engine))

    def _now(self) -> int:
        return WIDE if self._is_wide() else self._run

    def _begun(self, connection: Connection) -> None:
        connection.info[_BEGUN] = self._now()
        connection.info[_SAVED] = []

    def _committing(self, connection: Connection) -> None:
        if not self.may_commit(connection):
            raise StoppedError
        if not self._is_wide():
            self.committed.add(database_of(connection.engine))

    def _saved(self, connection: Connection, name: str) -> None:
        connection.info.setdefault(_SAVED, []).append((name, self._now()))

    def _released(self, connection: Connection, name: str, _context: None) -> None:
        saved = connection.info.get(_SAVED, [])
        names = [each for each, _ in saved]
        if name in names:
            del saved[names.index(name) :]


def sessions() -> list[Any]:
    """Every session that is alive; empty when the ORM is not loaded."""
    module = sys.modules.get("sqlalchemy.orm.session")
    known = getattr(module, "_sessions", None)
    return list(known.values()) if known is not None else []


def is_held(databases: Iterable[Database]) -> bool:
    """Whether a session that is not the test's own holds objects, or a transaction open."""
    among = set(databases)
    if not any(_is_full(session, among) for session in sessions()):
        return False
    gc.collect()
    return any(_is_full(session, among) for session in sessions())


def _is_full(session: Any, databases: set[Database]) -> bool:
    if not session.identity_map and not session.new and not session.in_transaction():
        return False
    try:
        bind = session.get_bind()
        engine: Engine = bind.engine
    except (SQLAlchemyError, AttributeError):
        return True
    return database_of(engine) in databases
