"""Running the recovery of a restored directory, and saying exactly what was reached."""

import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from querysafe.errors import ServerError
from querysafe.postgres.child import dies_with_parent
from querysafe.postgres.programs import for_server
from querysafe.postgres.running import as_user, unprivileged
from querysafe.postgres.target import Target

_STOPPED = re.compile(r"recovery stopping (.*)$", re.MULTILINE)
_LAST = re.compile(r"last completed transaction was at log time (.*)$", re.MULTILINE)
_STARTING = "the database system is starting up"
_TAIL = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Where recovery ended."""

    stopped: str
    """In the server's words: ``before commit of transaction 731, time …``, or the archive's end."""
    last_transaction: str | None
    last_committed: datetime | None
    """When the last transaction that was replayed ended; ``None`` when none was."""
    lsn: str
    timeline: int
    seconds: float
    """From start to the first query."""


@contextmanager
def recovered(
    directory: Path,
    *,
    major: int,
    bin_directory: Path | None = None,
    timeout_seconds: float = 3600.0,
) -> Iterator[tuple[Target, Reached]]:
    """Start a server in a restored directory, wait until it is promoted, stop it at the end.

    It listens on a socket in a folder of its own only. As root it runs as the owner of the
    directory, or as an unprivileged user who is then given it. Raises :class:`ServerError`
    with the end of the server's log when recovery does not end well.
    """
    program = for_server("postgres", major, bin_directory=bin_directory)
    if program.version[0] != major:
        raise ServerError(
            f'"{program.path}" is PostgreSQL {program.version[0]}, the directory is of {major}',
            hint=f"install PostgreSQL {major}, or name its programs with --postgres-bin",
        )
    user = _owner(directory)
    sockets = Path(tempfile.mkdtemp(prefix="querysafe-"))
    log = sockets / "log"
    try:
        if user is not None:
            shutil.chown(sockets, user)
        command = [str(program.path), "-D", str(directory)]
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "port": "5432",
            "logging_collector": "off",
            "log_destination": "stderr",
            "log_min_messages": "log",
            "log_line_prefix": "",
            "lc_messages": "C",
            "hba_file": str(_hba(sockets, user)),
            "ssl": "off",
            "shared_preload_libraries": "",
        }
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        began = time.monotonic()
        with log.open("wb") as said:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=os.sep,
                start_new_session=True,
                preexec_fn=dies_with_parent(signal.SIGQUIT),
                **as_user(user),
            )
        try:
            target = Target(
                parameters={"host": str(sockets), "user": "postgres", "dbname": "postgres"}
            )
            _wait(target, process, log, began + timeout_seconds)
            yield target, _reached(target, log, time.monotonic() - began)
        finally:
            _stop(process)
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def _wait(target: Target, process: "subprocess.Popen[bytes]", log: Path, deadline: float) -> None:
    while time.monotonic() < deadline:
        if process.poll() is not None:
            lines = log.read_text(errors="replace").splitlines()
            text = "\n".join(line for line in lines if not line.endswith(_STARTING))
            raise ServerError(f"recovery did not end well: {text[-_TAIL:].strip()}")
        with suppress(ServerError), target.connect(autocommit=True) as connection:
            row = connection.execute(
                "SELECT NOT pg_is_in_recovery() OR pg_get_wal_replay_pause_state() = 'paused'"
                if connection.info.server_version >= 140000
                else "SELECT NOT pg_is_in_recovery() OR pg_is_wal_replay_paused()"
            ).fetchone()
            if row is not None and row[0]:
                return
        time.sleep(0.1)
    raise ServerError("recovery took too long")


def _reached(target: Target, log: Path, seconds: float) -> Reached:
    text = log.read_text(errors="replace")
    stopped, last = _STOPPED.search(text), _LAST.search(text)
    with target.connect(autocommit=True) as connection:
        row = connection.execute(
            "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() "
            "ELSE pg_current_wal_insert_lsn() END::text, "
            "(SELECT timeline_id FROM pg_control_checkpoint()), pg_last_xact_replay_timestamp()"
        ).fetchone()
    assert row is not None
    return Reached(
        stopped=stopped[1] if stopped else "at the end of the archive",
        last_transaction=last[1] if last else None,
        lsn=row[0],
        timeline=row[1],
        last_committed=row[2],
        seconds=seconds,
    )


def _hba(folder: Path, user: str | None) -> Path:
    """Let in whoever reaches the socket, whose folder is closed to others."""
    path = folder / f"hba-{secrets.token_hex(4)}.conf"
    path.write_text("local all all trust\n")
    if user is not None:
        shutil.chown(path, user)
    return path


def _owner(directory: Path) -> str | None:
    """As whom the server runs, when we are root."""
    if os.geteuid() != 0:
        return None
    import pwd

    owner = directory.stat().st_uid
    if owner:
        return pwd.getpwuid(owner).pw_name
    user = unprivileged()
    for path in (directory, *directory.rglob("*")):
        shutil.chown(path, user)
    return user


def _stop(process: "subprocess.Popen[Any]") -> None:
    """Fast shutdown (SIGINT); immediate (SIGQUIT) when that takes too long."""
    for name, seconds in ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        if process.poll() is not None:
            return
        process.send_signal(name)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
