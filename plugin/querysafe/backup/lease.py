"""One backup or restore at a time: an advisory lock in the database, a lease in the repository.

The lock ends with its session. The lease is for workers that see the repository but not
each other's sessions; it is renewed while its holder lives and runs out when it does not.
"""

import hashlib
import json
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from querysafe.backup.errors import Busy, ObjectExists, ObjectMissing, RepositoryError
from querysafe.backup.repository import Repository

if TYPE_CHECKING:
    import psycopg

LASTS = timedelta(minutes=2)
_NAMESPACE = b"querysafe backup "


def lock(connection: "psycopg.Connection[Any]", purpose: str) -> None:
    """Take an advisory lock for the session. Raises :class:`Busy` when another holds it."""
    digest = hashlib.sha256(_NAMESPACE + purpose.encode()).digest()
    key = int.from_bytes(digest[:8], "big", signed=True)
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()
    if row is None or not row[0]:
        raise Busy(f"{purpose} is running already", hint="wait for it, or look at pg_locks")


@contextmanager
def lease(repository: Repository, purpose: str) -> Iterator[None]:
    """Hold a lease of the repository for the block. Raises :class:`Busy`."""
    name = f"leases/{hashlib.sha256(purpose.encode()).hexdigest()[:32]}.json"
    token = secrets.token_hex(16)
    _acquire(repository, name, purpose, token)
    ended = threading.Event()
    keeper = threading.Thread(
        target=_renew, args=(repository, name, purpose, token, ended), daemon=True
    )
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()
        with suppress(RepositoryError):
            if _holder(repository, name).get("token") == token:
                repository.delete(name)


def _acquire(repository: Repository, name: str, purpose: str, token: str) -> None:
    for _ in range(2):
        try:
            repository.put_once(name, _written(purpose, token))
            return
        except ObjectExists:
            held = _holder(repository, name)
            until = _time(held.get("until"))
            if until is None or until > datetime.now(UTC):
                told = f" by {held.get('holder', 'another')}" if held else ""
                raise Busy(
                    f"{purpose} is running already{told}",
                    hint=f"wait for it; if it died, its lease ends at {held.get('until', '?')}",
                ) from None
            repository.delete(name)
    raise Busy(f"{purpose} was begun by another at the same moment")


def _renew(
    repository: Repository, name: str, purpose: str, token: str, ended: threading.Event
) -> None:
    while not ended.wait(LASTS.total_seconds() / 4):
        with suppress(RepositoryError):
            repository.replace(name, _written(purpose, token))


def _written(purpose: str, token: str) -> bytes:
    content = {
        "purpose": purpose,
        "holder": f"{socket.gethostname()}:{os.getpid()}",
        "until": (datetime.now(UTC) + LASTS).isoformat(),
        "token": token,
    }
    return json.dumps(content).encode()


def _holder(repository: Repository, name: str) -> dict[str, Any]:
    try:
        content = json.loads(repository.read(name))
    except (ObjectMissing, ValueError):
        return {"until": datetime.min.replace(tzinfo=UTC).isoformat()}
    return content if isinstance(content, dict) else {}


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
