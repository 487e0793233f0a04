"""One backup or restore at a time: an advisory lock in the database, a lease in the repository.

The lock ends with its session. The lease is for workers that see the repository but not
each other's sessions; it is renewed while its holder lives and runs out when it does not.
It names the backup being made, so that whoever takes it over knows whose remains to sweep.
"""

import hashlib
import json
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from querysafe.backup.errors import Busy, ObjectExists, ObjectMissing, RepositoryError
from querysafe.backup.repository import Repository

if TYPE_CHECKING:
    import psycopg

LASTS = timedelta(minutes=2)
_NAMESPACE = b"querysafe backup "
_FOLDER = "leases/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A lease as the repository shows it."""

    name: str
    backup: str | None
    """The backup that its holder makes."""
    is_dead: bool
    """Whether its holder was a process of this machine that has ended."""
    modified: datetime
    """When it was last renewed, by the repository's clock."""


def lock(connection: "psycopg.Connection[Any]", purpose: str) -> None:
    """Take an advisory lock for the session. Raises :class:`Busy` when another holds it."""
    digest = hashlib.sha256(_NAMESPACE + purpose.encode()).digest()
    key = int.from_bytes(digest[:8], "big", signed=True)
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()
    if row is None or not row[0]:
        raise Busy(f"{purpose} is running already", hint="wait for it, or look at pg_locks")


@contextmanager
def lease(
    repository: Repository, purpose: str, *, backup: str | None = None, server: str | None = None
) -> Iterator[str | None]:
    """Hold a lease of the repository for the block. Raises :class:`Busy`.

    ``server`` identifies the server on which the caller holds the advisory lock of the same
    purpose: a lease that names the same one is dead, since its holder's session has ended.
    Yields the backup of the dead holder from whom it was taken over, if there was one.
    """
    content = {"purpose": purpose, "server": server, "backup": backup, **_holder_of_ours()}
    name = f"{_FOLDER}{hashlib.sha256(purpose.encode()).hexdigest()[:32]}.json"
    content["token"] = secrets.token_hex(16)
    left = _acquire(repository, name, content)
    ended = threading.Event()
    keeper = threading.Thread(target=_renew, args=(repository, name, content, ended), daemon=True)
    keeper.start()
    try:
        yield left
    finally:
        ended.set()
        keeper.join(timeout=5)
        hurried = repository.hurried()
        with suppress(RepositoryError):
            if _holder(hurried, name).get("token") == content["token"]:
                hurried.delete(name)


def leases(repository: Repository) -> Iterator[Lease]:
    """Every lease of a repository, the dead ones too."""
    for entry in repository.entries(_FOLDER):
        held = _holder(repository, entry.name)
        backup = held.get("backup")
        yield Lease(
            name=entry.name,
            backup=backup if isinstance(backup, str) else None,
            is_dead=_has_ended(held),
            modified=entry.modified,
        )


def _acquire(repository: Repository, name: str, content: dict[str, Any]) -> str | None:
    left = None
    for _ in range(2):
        try:
            repository.put_once(name, _written(content))
        except ObjectExists:
            held = _holder(repository, name)
            until = _time(held.get("until"))
            shares_lock = content["server"] is not None and held.get("server") == content["server"]
            is_over = until is not None and until <= datetime.now(UTC)
            if not (is_over or shares_lock or _has_ended(held)):
                told = f" by {held.get('holder', 'another')}" if held else ""
                raise Busy(
                    f"{content['purpose']} is running already{told}",
                    hint=f"wait for it; if it died, its lease ends at {held.get('until', '?')}",
                ) from None
            repository.delete(name)
            left = held.get("backup")
        else:
            return left if isinstance(left, str) else None
    raise Busy(f"{content['purpose']} was begun by another at the same moment")


def _renew(
    repository: Repository, name: str, content: dict[str, Any], ended: threading.Event
) -> None:
    while not ended.wait(LASTS.total_seconds() / 4):
        with suppress(RepositoryError):
            if _holder(repository, name).get("token") == content["token"]:
                repository.replace(name, _written(content))


def _written(content: dict[str, Any]) -> bytes:
    return json.dumps({**content, "until": (datetime.now(UTC) + LASTS).isoformat()}).encode()


def _holder_of_ours() -> dict[str, Any]:
    return {
        "holder": f"{socket.gethostname()}:{os.getpid()}",
        "boot": _boot(),
        "process": [os.getpid(), _begun(os.getpid())],
    }


def _has_ended(held: dict[str, Any]) -> bool:
    """Whether a holder was a process of this very machine, since its boot, and is none now."""
    host = str(held.get("holder")).rpartition(":")[0]
    boot, process = held.get("boot"), held.get("process")
    if boot is None or boot != _boot() or host != socket.gethostname():
        return False
    match process:
        case [int(pid), int(begun)]:
            return _begun(pid) != begun
    return False


def _boot() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None


def _begun(pid: int) -> int | None:
    """When a process began, in ticks since the boot (``proc_pid_stat(5)``, field 22)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state == "Z" else int(fields[18])


def _holder(repository: Repository, name: str) -> dict[str, Any]:
    try:
        content = json.loads(repository.read(name))
    except (ObjectMissing, ValueError, RecursionError):
        return {"until": datetime.min.replace(tzinfo=UTC).isoformat()}
    return content if isinstance(content, dict) else {}


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
