"""A PostgreSQL server for tests: started in seconds, shared by processes, gone with the last."""

import fcntl
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from querysafe.errors import ServerError
from querysafe.postgres import starting

SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "password_encryption": "scram-sha-256",
}
"""Nothing survives a test run, so nothing needs to survive a crash."""
OWN = {
    "hostaddr": "127.0.0.1",
    "sslmode": "disable",
    "gssencmode": "disable",
    "channel_binding": "disable",
    "target_session_attrs": "any",
}
"""How a server of ours is connected to, whatever ``PGSSLMODE`` and its kin say of another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One database of a cluster. Its ``repr`` shows no password."""

    name: str
    cluster: "Cluster" = field(repr=False)

    @property
    def url(self) -> str:
        """For ``sqlalchemy.create_engine``, with the driver psycopg."""
        return self.cluster.url(self.name)

    @property
    def async_url(self) -> str:
        """For ``sqlalchemy.ext.asyncio.create_async_engine``, with the driver asyncpg."""
        return self.cluster.url(self.name, driver="asyncpg")

    @property
    def dsn(self) -> str:
        """For libpq, psycopg and the client programs."""
        return self.cluster.url(self.name, driver="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A running server. Its ``repr`` shows no password."""

    directory: Path
    host: str
    port: int
    version: tuple[int, int]
    bin_directory: Path
    password: str = field(repr=False)

    def url(self, database: str = "postgres", *, driver: str = "psycopg") -> str:
        """The URL of one of its databases; an empty ``driver`` gives libpq's form."""
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        return (
            f"{scheme}://{starting.SUPERUSER}:{quote(self.password)}@{self.host}:{self.port}"
            f"/{quote(database)}"
        )

    def database(self, name: str = "postgres") -> Database:
        """One of its databases, whether it exists or not."""
        return Database(name=name, cluster=self)

    def create_database(self, name: str, *, template: str | None = None) -> Database:
        """Create a database, empty or as a copy of another one that nobody is connected to."""
        sql = _psycopg().sql
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
            if self.version >= (15, 0):
                statement += sql.SQL(" STRATEGY FILE_COPY")
        self._administer(statement)
        return self.database(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        sql = _psycopg().sql
        self._administer(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )

    def seal_database(self, name: str) -> None:
        """End every connection to a database and allow no other: it can then be copied."""
        sql = _psycopg().sql
        self._administer(
            sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(sql.Identifier(name))
        )
        self._administer(
            sql.SQL(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}"
            ).format(sql.Literal(name))
        )

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold a lock that the users of this server share; the others wait for it."""
        with (self.directory / name).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _administer(self, statement: Any) -> None:
        psycopg = _psycopg()
        try:
            with psycopg.connect(
                self.url(driver=""), autocommit=True, connect_timeout=20, **OWN
            ) as connection:
                connection.execute(statement)
        except psycopg.Error as error:
            raise ServerError(f"the test server refused: {str(error).strip()}") from None


def _psycopg() -> Any:
    """The driver, which this part of querysafe alone needs."""
    try:
        import psycopg
        import psycopg.sql
    except ImportError:
        raise ServerError(
            "psycopg, which makes and drops databases, is not installed",
            hint="pip install 'querysafe[postgres]'",
        ) from None
    return psycopg


@contextmanager
def server(
    *,
    bin_directory: Path | None = None,
    kind: str = "auto",
    settings: Mapping[str, str] | None = None,
    shared: Path | None = None,
) -> Iterator[Cluster]:
    """Start a server and stop it at the end; nothing is left, also when this process is killed.

    ``kind`` is ``auto`` (the embedded one where it is installed), ``system`` or
    ``embedded``. Processes that name the same folder ``shared`` get the same server, which
    ends with the last of them. Works as root: the server then runs as another user.
    Raises :class:`ProgramNotFound` and :class:`ServerError`.
    """
    anchor = shared or Path(tempfile.mkdtemp(prefix="querysafe-postgres-"))
    anchor.mkdir(parents=True, exist_ok=True)
    try:
        with _held(anchor, bin_directory, kind, {**SETTINGS, **(settings or {})}) as cluster:
            yield cluster
    finally:
        if shared is None:
            shutil.rmtree(anchor, ignore_errors=True)


@contextmanager
def _held(
    anchor: Path, bin_directory: Path | None, kind: str, settings: Mapping[str, str]
) -> Iterator[Cluster]:
    """Join the server of a folder or start it, and hold its users' lock meanwhile."""
    with (anchor / "starting").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        joined = _join(anchor)
        if joined is None:
            users, directory, state = starting.start(anchor, bin_directory, kind, settings)
            joined = users, _cluster(directory, state)
    users, cluster = joined
    try:
        yield cluster
    finally:
        users.close()
        if _is_last(cluster.directory):
            _wait_until_gone(cluster.directory)


def _join(anchor: Path) -> tuple[IO[bytes], Cluster] | None:
    pointer = anchor / "directory"
    if not pointer.exists():
        return None
    directory = Path(pointer.read_text())
    try:
        users = (directory / "users").open("rb")
        fcntl.flock(users, fcntl.LOCK_SH | fcntl.LOCK_NB)
        state = json.loads((directory / "state.json").read_text())
    except (OSError, ValueError):
        return None
    return users, _cluster(directory, state)


def _cluster(directory: Path, state: Mapping[str, Any]) -> Cluster:
    major, minor = state["version"]
    return Cluster(
        directory=directory,
        host=state["host"],
        port=state["port"],
        version=(major, minor),
        bin_directory=Path(state["bin_directory"]),
        password=state["password"],
    )


def _is_last(directory: Path) -> bool:
    """Whether no other process uses the server; the supervisor may be stopping it already."""
    try:
        with (directory / "users").open("rb") as users:
            for sort, answer in ((fcntl.LOCK_EX, True), (fcntl.LOCK_SH, False)):
                try:
                    fcntl.flock(users, sort | fcntl.LOCK_NB)
                except OSError:
                    continue
                return answer
    except FileNotFoundError:
        pass
    return True


def _wait_until_gone(directory: Path, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while directory.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
