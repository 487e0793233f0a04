"""A database that somebody named: its address is shown, its password never."""

import os
import re
import secrets
import shutil
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from querysafe.errors import ServerError

if TYPE_CHECKING:
    import psycopg

_SECRET = ("password", "sslpassword")
_INHERITED = re.compile(
    r"PATH|HOME|USER|LOGNAME|TMPDIR|TZ|LD_\w+|DYLD_\w+|SYSTEMROOT|KRB5\w*|SSL_CERT_\w+|OPENSSL_\w+"
    r"|PG(?!PASSWORD$|PASSFILE$)\w+"
)
"""What a client program is given of our environment: no password, and no key of the repository."""
_UNLIMITED = """
    SELECT set_config(name, CASE vartype WHEN 'bool' THEN 'off' ELSE '0' END, false)
    FROM pg_catalog.pg_settings
    WHERE name IN (
        'statement_timeout', 'lock_timeout', 'transaction_timeout', 'idle_session_timeout',
        'idle_in_transaction_session_timeout', 'default_transaction_read_only'
    )
"""
"""Those that this server knows. A role of an application has them for its requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a database is, as libpq knows it. ``repr`` and ``str`` show no password."""

    parameters: Mapping[str, str]
    """Connection parameters but for secrets: ``{"host": …, "port": …, "user": …, "dbname": …}``."""
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> "Target":
        """Read ``postgresql://user@host/shop``, SQLAlchemy's ``postgresql+psycopg://…`` or
        ``host=… dbname=…``. What it leaves out comes from the environment, as libpq says
        (manual, 32.15). Raises :class:`ServerError`.
        """
        try:
            from psycopg import ProgrammingError
            from psycopg.conninfo import conninfo_to_dict
        except ImportError:
            raise ServerError(
                "psycopg, which talks to PostgreSQL, is not installed",
                hint="pip install 'querysafe[postgres]'",
            ) from None

        scheme, separator, rest = url.partition("://")
        if separator:
            dialect = scheme.partition("+")[0]
            if dialect not in ("postgresql", "postgres"):
                raise ServerError(
                    f'"{dialect}://" is no PostgreSQL database',
                    hint="write postgresql://user@host:5432/name",
                )
            url = f"postgresql://{rest}"
        try:
            found = {name: str(value) for name, value in conninfo_to_dict(url).items() if value}
        except ProgrammingError:
            raise ServerError(
                "the database's URL cannot be understood",
                hint="write postgresql://user@host:5432/name; special characters as %40",
            ) from None
        served = service(found.get("service") or os.environ.get("PGSERVICE"))
        password = found.get("password") or os.environ.get("PGPASSWORD") or None
        found = {**served, **found}
        kept = {name: value for name, value in found.items() if name not in _SECRET}
        return cls(parameters=kept, password=password)

    @property
    def database(self) -> str:
        """Its name; as libpq would choose it when the URL has none."""
        return (
            self.parameters.get("dbname")
            or os.environ.get("PGDATABASE")
            or self.parameters.get("user")
            or os.environ.get("PGUSER")
            or ""
        )

    @property
    def names_database(self) -> bool:
        """Whether somebody named it, and libpq need not guess it from the user's name."""
        return bool(self.parameters.get("dbname") or os.environ.get("PGDATABASE"))

    def __str__(self) -> str:
        host = self.parameters.get("host", "")
        port = self.parameters.get("port", "")
        return f"{host}{':' if port else ''}{port}/{self.database}"

    def to(self, database: str) -> "Target":
        """Another database of the same server."""
        return replace(self, parameters={**self.parameters, "dbname": database})

    def connect(self, **options: Any) -> "psycopg.Connection[Any]":
        """Connect with psycopg, free of the limits that the role or the database has for others.

        Raises :class:`ServerError` saying why not, without a secret.
        """
        import psycopg

        given: dict[str, Any] = {
            "connect_timeout": 20,
            "application_name": "querysafe",
            # A database in SQL_ASCII would have its text read as bytes.
            "client_encoding": "UTF8",
            **self.parameters,
        }
        if self.password is not None:
            given["password"] = self.password
        try:
            connection = psycopg.connect(**given, **options)
            connection.execute(_UNLIMITED)
            if not connection.autocommit:
                connection.commit()
            return connection
        except psycopg.OperationalError as error:
            raise ServerError(
                f'cannot connect to "{self}": {self.without_secrets(str(error))}',
                hint="look at the URL, PGPASSWORD or the passfile, and whether the server runs",
            ) from None
        except BaseException as error:
            # An interrupt in the middle of a password's exchange holds the socket in its frames,
            # and DROP DATABASE waits for that session until authentication_timeout, a minute.
            traceback.clear_frames(error.__traceback__)
            raise

    @contextmanager
    def told(self, doing: str) -> Iterator[None]:
        """Say an error of the driver in our words, and what was being done.

        Raises :class:`ServerError`.
        """
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            raise ServerError(
                f'{doing} of "{self}" failed: {self.without_secrets(str(error))}'
            ) from None

    def without_secrets(self, text: str) -> str:
        """A program's message with the password blotted out, should it hold it."""
        text = text.strip()
        return text.replace(self.password, "***") if self.password else text

    @property
    def conninfo(self) -> str:
        """For ``--dbname`` of a client program: everything but secrets."""
        from psycopg.conninfo import make_conninfo

        return make_conninfo("", **self.parameters)

    @contextmanager
    def credentials(self) -> Iterator[dict[str, str]]:
        """The whole environment of a client program.

        The password stands in a passfile that lives as long as the block: an environment can
        be read by others of the same user, and is inherited.
        """
        environment = inherited()
        environment.setdefault("PGAPPNAME", "querysafe")
        environment.setdefault("PGCONNECT_TIMEOUT", "20")
        given = environment.get("PGOPTIONS", "")
        # The programs lift time limits themselves, and not this one.
        environment["PGOPTIONS"] = f"{given} -c default_transaction_read_only=off".lstrip()
        if self.password is None:
            if "PGPASSFILE" in os.environ:
                environment["PGPASSFILE"] = os.environ["PGPASSFILE"]
            yield environment
            return
        escaped = self.password.replace("\\", "\\\\").replace(":", "\\:")
        with _passfile(f"*:*:*:*:{escaped}\n") as path:
            yield {**environment, "PGPASSFILE": path}


@contextmanager
def _passfile(text: str) -> Iterator[str]:
    """Where programs of ours may read this, of mode 0600 (manual, 34.16).

    On Linux it lies in memory and ends with this process, however that ends (memfd_create(2));
    elsewhere it is a file of a new folder.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("passfile")
        try:
            os.fchmod(descriptor, 0o600)
            os.write(descriptor, text.encode())
            yield f"/proc/{os.getpid()}/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    folder = Path(tempfile.mkdtemp(prefix="querysafe-"))
    try:
        path = folder / secrets.token_hex(4)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        yield str(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def inherited() -> dict[str, str]:
    """What a client program is given of our environment, its messages in English."""
    given = {name: value for name, value in os.environ.items() if _INHERITED.fullmatch(name)}
    return {**given, "LC_ALL": "C"}


def service(name: str | None) -> dict[str, str]:
    """Where the service file says that a service is, its password left out (manual, 32.17).

    libpq reads the file itself; we must know the database's name before a connection exists.
    """
    if not name:
        return {}
    for place in _service_files():
        try:
            lines = place.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        found, inside = {}, False
        for line in map(str.strip, lines):
            if line.startswith("["):
                inside = line == f"[{name}]"
            elif inside and line and not line.startswith("#"):
                key, _, value = line.partition("=")
                found[key] = value
        if found:
            return {key: value for key, value in found.items() if key not in _SECRET}
    return {}


def _service_files() -> Iterator[Path]:
    if "PGSERVICEFILE" in os.environ:
        yield Path(os.environ["PGSERVICEFILE"])
    yield Path.home() / ".pg_service.conf"
    if "PGSYSCONFDIR" in os.environ:
        yield Path(os.environ["PGSYSCONFDIR"], "pg_service.conf")
