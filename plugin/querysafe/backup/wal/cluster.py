"""The clusters that a repository knows, by their system identifiers.

A cluster is known by ``systems/<identifier>.json``, written with its first segment or base
backup. The first may come as it likes; another must take a base backup first, so that a
wrong ``archive_command`` does not mix the logs of two clusters unnoticed.

``systems/<identifier>.wal`` is written with its first segment: where a cluster is known and
that is not there, an archive without a segment is no loss, but one that was never begun.
"""

import json
import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from querysafe.backup.errors import BackupError, ObjectExists, RepositoryError
from querysafe.backup.repository import Repository, open_repository

_NOTE = re.compile(r"systems/([0-9]{1,20})\.json")
_DONE = "archive_status/*.done"


def known(repository: Repository) -> tuple[str, ...]:
    """The clusters that archive here or were backed up as a whole, in order."""
    noted = (_NOTE.fullmatch(entry.name) for entry in repository.entries("systems/"))
    return tuple(sorted(found[1] for found in noted if found))


def only(repository: Repository) -> str:
    """The one cluster of a repository. Raises :class:`BackupError` when there is not one."""
    found = known(repository)
    if len(found) == 1:
        return found[0]
    if not found:
        raise BackupError(f'"{repository.location}" holds no WAL of any cluster')
    raise BackupError(
        f'"{repository.location}" holds the WAL of several clusters: {", ".join(found)}',
        hint="name one with --system",
    )


def note(repository: Repository, system: str) -> None:
    """Let a cluster be known from now on."""
    place = f"systems/{system}.json"
    if not repository.exists(place):
        content = {"system_identifier": system, "since": datetime.now(UTC).isoformat()}
        with suppress(ObjectExists):
            repository.put_once(place, json.dumps(content).encode())


def archives(repository: Repository, system: str) -> bool:
    """Whether a cluster has ever archived a file here."""
    return repository.exists(f"systems/{system}.wal")


def admit(repository: Repository, system: str) -> None:
    """Let a cluster archive here. Raises :class:`BackupError` when it is a stranger."""
    if archives(repository, system):
        return
    others = known(repository)
    if others and system not in others:
        raise BackupError(
            f'"{repository.location}" is the archive of another cluster: {", ".join(others)}, '
            f"this is {system}",
            hint="give it a repository of its own; or, after pg_upgrade, take a base backup "
            "of it into this one first",
        )
    note(repository, system)
    with suppress(ObjectExists):
        repository.put_once(f"systems/{system}.wal", b"")


def control_beside(path: Path) -> Path:
    """Where the control file is of the cluster that has a file in its ``pg_wal``."""
    return Path(os.path.abspath(path)).parent.parent / "global" / "pg_control"  # noqa: PTH100


def beside(path: Path) -> str | None:
    """The cluster that has a file in its ``pg_wal``; ``None`` when it lies elsewhere."""
    try:
        with control_beside(path).open("rb") as file:
            data = file.read(8)
    except OSError:
        return None
    return str(int.from_bytes(data, "little")) if len(data) == 8 else None


def repository_for(location: str, path: Path) -> Repository:
    """Open the repository that a file is to be archived into; make it for the first one.

    A directory that is missing though the server has archived before was moved away or is not
    mounted. Raises :class:`RepositoryError` then: a new one would hide that.
    """
    try:
        return open_repository(location)
    except RepositoryError:
        folder = Path(location.removeprefix("file://")).expanduser()
        archived_before = any(path.absolute().parent.glob(_DONE))
        if folder.exists() or not folder.absolute().parent.is_dir() or archived_before:
            raise
        return open_repository(location, create=True)
