"""Copies of the databases that outlive a test, and the way there while it is grown.

New connections are sent to the copy by ``DialectEvents.do_connect``; a database in memory
is put back as it was. Databases that the test's own fixtures make anew are nobody else's.
"""

import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Container, Iterable
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import URL, Engine
from sqlalchemy.exc import SQLAlchemyError

from querysafe.growth.connections import database_of, is_memory

LARGEST = 256 * 2**20
"""A file of more bytes is not copied, and its test not grown on it."""
PATIENCE_SECONDS = 2.0
"""So long a copy waits for somebody who holds a SQLite database locked."""


class Copies:
    """The copies of one grown run."""

    def __init__(self) -> None:
        self._redirected: dict[tuple[Any, ...], str] = {}
        self._folder: Path | None = None
        self._servers: list[tuple[URL, str]] = []
        self._memory: list[tuple[Any, sqlite3.Connection]] = []
        self._engines: list[Engine] = []
        self.restored: set[tuple[Any, ...]] = set()
        """Databases in memory that are put back afterwards."""

        self.uncopied: set[tuple[Any, ...]] = set()
        """Databases that are still there and have no copy: nothing may be committed there."""

    def make(
        self,
        used: Iterable[tuple[tuple[Any, ...], URL]],
        engines: Iterable[Engine],
        committed: Container[tuple[Any, ...]],
    ) -> None:
        """Copy each database that is still there; on a server, only where a test commits."""
        alive = list(engines)
        for engine in alive:
            if is_memory(engine.url):
                self._keep_memory(engine)
        for database, url in used:
            if is_memory(url):
                if database not in self.restored and any(
                    database_of(each) == database for each in alive
                ):
                    self.uncopied.add(database)
            elif url.get_backend_name() == "sqlite":
                self._copy_file(Path(str(url.database)).absolute())
            elif url.get_backend_name() != "postgresql" or database not in committed:
                self.uncopied.add(database)
            else:
                self._copy_server(url, [each for each in alive if each.url == url])
        self._engines = [each for each in alive if database_of(each) in self._redirected]
        _dispose(self._engines)

    def connect(self, dialect: Any, cargs: Any, cparams: Any) -> Any:
        """Connect to the copy; ``None`` where there is none. A listener of ``do_connect``."""
        if not self._redirected:
            return None
        if dialect.name == "sqlite" and cargs:
            place = self._redirected.get(("sqlite", str(Path(str(cargs[0])).absolute())))
            return None if place is None else dialect.connect(place, *cargs[1:], **cparams)
        name = "database" if "database" in cparams else "dbname"
        key = (dialect.name, cparams.get("host"), _port(cparams.get("port")), cparams.get(name))
        place = self._redirected.get(key)
        return None if place is None else dialect.connect(*cargs, **{**cparams, name: place})

    def discard(self) -> None:
        """Send connections where they belong again, and remove the copies."""
        self._redirected.clear()
        _dispose(self._engines)
        for live, kept in self._memory:
            with suppress(sqlite3.Error), closing(kept):
                if live.in_transaction:
                    live.rollback()
                kept.backup(live, progress=_impatiently())
        for url, name in self._servers:
            _administer(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _keep_memory(self, engine: Engine) -> None:
        with suppress(SQLAlchemyError, sqlite3.Error), closing(engine.raw_connection()) as proxied:
            live = proxied.driver_connection
            if isinstance(live, sqlite3.Connection) and not live.in_transaction:
                kept = sqlite3.connect(":memory:", check_same_thread=False)
                live.backup(kept, progress=_impatiently())
                self._memory.append((live, kept))
                self.restored.add(database_of(engine))

    def _copy_file(self, path: Path) -> None:
        if not path.is_file():
            return
        if path.stat().st_size > LARGEST:
            self.uncopied.add(("sqlite", str(path)))
            return
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="querysafe-grow-"))
        copied = self._folder / f"{len(self._redirected)}.db"
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(path, timeout=0.5)) as original,
            closing(sqlite3.connect(copied)) as copy,
        ):
            original.backup(copy, progress=_impatiently())
            self._redirected["sqlite", str(path)] = str(copied)
            return
        self.uncopied.add(("sqlite", str(path)))

    def _copy_server(self, url: URL, engines: list[Engine]) -> None:
        name = f"querysafe_grow_{secrets.token_hex(4)}"
        _dispose(engines)
        if _administer(url, "CREATE DATABASE {} TEMPLATE {}", name, str(url.database)):
            self._servers.append((url, name))
            self._redirected["postgresql", url.host, url.port, url.database] = name
        elif _exists(url):
            self.uncopied.add(("postgresql", url.host, url.port, url.database))


def _impatiently() -> Callable[[int, int, int], None]:
    """Watch a copy of SQLite's, which tries for ever to read what somebody holds locked."""
    until = monotonic() + PATIENCE_SECONDS

    def progress(status: int, _remaining: int, _total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and monotonic() > until:
            raise sqlite3.OperationalError("the database is locked")

    return progress


def _port(value: Any) -> int | None:
    return None if value is None else int(value)


def _dispose(engines: Iterable[Engine]) -> None:
    """Give up pooled connections; those of an event loop cannot be closed from here."""
    for engine in engines:
        engine.dispose(close=not engine.dialect.is_async)


def _exists(url: URL) -> bool:
    """Whether a server has a database; true, to be careful, when it cannot be asked."""
    try:
        import psycopg
    except ImportError:
        return True
    try:
        with _server(url) as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (url.database,)
            ).fetchone()
    except psycopg.Error:
        return True
    return found is not None


def _server(url: URL) -> Any:
    import psycopg

    return psycopg.connect(
        host=url.host,
        port=url.port,
        user=url.username,
        password=None if url.password is None else str(url.password),
        dbname="postgres",
        autocommit=True,
        connect_timeout=10,
        options="-c statement_timeout=60s",
    )


def _administer(url: URL, statement: str, *names: str) -> bool:
    """Run a statement about a database; ``False`` when the server refuses or is out of reach."""
    try:
        import psycopg
        from psycopg import sql
    except ImportError:
        return False
    try:
        with _server(url) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
    except psycopg.Error:
        return False
    return True
