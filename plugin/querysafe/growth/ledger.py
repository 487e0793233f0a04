"""Which rows are cloned already: in a database for good, and in each open transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from querysafe.growth.cloning import Cloned
from querysafe.growth.connections import database_of

_OPEN = "querysafe_ledger"


@dataclass(slots=True)
class State:
    """What a transaction sees, or whoever begins one."""

    dirty: bool = True
    """Whether rows may have been written since the last cloning."""
    cloned: Cloned = field(default_factory=Cloned)

    def copy(self) -> "State":
        """An equal state, to be changed apart."""
        return State(self.dirty, self.cloned.copy())


@dataclass(slots=True)
class _Open:
    """The open transaction of one connection, once something was written or cloned in it."""

    run: int
    state: State | None = None
    saved: dict[str, State | None] = field(default_factory=dict)
    """The state at each savepoint."""


class Ledger:
    """Kept by the transaction events of one grown run; connections carry their part."""

    def __init__(self) -> None:
        self._run = 0
        self._settled: dict[tuple[Any, ...], State] = {}
        self.listeners: tuple[tuple[str, Callable[..., None]], ...] = (
            ("begin", self._forget),
            ("commit", self._committed),
            ("rollback", self._forget),
            ("savepoint", self._saved),
            ("rollback_savepoint", self._rolled_back),
        )

    def begin(self) -> None:
        """Nothing is cloned yet."""
        self._run += 1
        self._settled.clear()

    def settled(self, connection: Connection) -> State:
        """What is committed in the database of a connection."""
        return self._settled.setdefault(database_of(connection.engine), State())

    def seen(self, connection: Connection) -> State:
        """What the next statement of a connection sees."""
        return self._open(connection).state or self.settled(connection)

    def within(self, connection: Connection) -> State:
        """The same, to be changed in the connection's open transaction only."""
        known = self._open(connection)
        if known.state is None:
            known.state = self.settled(connection).copy()
        return known.state

    def settle(self, connection: Connection, state: State) -> None:
        """A state is committed."""
        self._settled[database_of(connection.engine)] = state
        self._forget(connection)

    def _open(self, connection: Connection) -> _Open:
        known: _Open | None = connection.info.get(_OPEN)
        if known is None or known.run != self._run:
            known = connection.info[_OPEN] = _Open(self._run)
        return known

    def _forget(self, connection: Connection) -> None:
        if not connection.invalidated:
            connection.info.pop(_OPEN, None)

    def _committed(self, connection: Connection) -> None:
        state = self._open(connection).state
        if state is not None:
            self.settle(connection, state)

    def _saved(self, connection: Connection, name: str) -> None:
        known = self._open(connection)
        known.saved[name] = None if known.state is None else known.state.copy()

    def _rolled_back(self, connection: Connection, name: str, _context: None) -> None:
        known = self._open(connection)
        known.state = known.saved.pop(name, None)
