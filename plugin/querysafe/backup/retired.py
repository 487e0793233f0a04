"""Databases and clusters that are no more: their backups stay, and no younger ones are missed."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from querysafe.backup.catalog import Listed
from querysafe.backup.errors import RepositoryError
from querysafe.backup.manifest import Manifest
from querysafe.backup.repository import Repository

_FOLDER = "retired/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """What was retired, and when. A backup that is made later takes it back."""

    system: str
    database: str
    """Empty for a cluster, and with it for all of its databases."""
    at: datetime

    @property
    def subject(self) -> str:
        """How it is called in a report."""
        cluster = f"the cluster {self.system}"
        return f'"{self.database}" of {cluster}' if self.database else cluster

    def covers(self, manifest: Manifest) -> bool:
        """Whether a backup is one of it."""
        is_of_database = not self.database or manifest.database == self.database
        return manifest.system_identifier == self.system and is_of_database


def retire(repository: Repository, manifest: Manifest, now: datetime) -> Retired:
    """Retire the database that a logical backup is of, or the cluster of a base backup."""
    made = Retired(system=manifest.system_identifier, database=manifest.database, at=now)
    content = {"system": made.system, "database": made.database, "at": now.isoformat()}
    repository.replace(_place(made), json.dumps(content).encode())
    return made


def take_back(repository: Repository, manifest: Manifest) -> None:
    """Miss younger backups again."""
    repository.delete(
        _place(
            Retired(
                system=manifest.system_identifier, database=manifest.database, at=manifest.started
            )
        )
    )


def retired(repository: Repository, listed: Sequence[Listed]) -> tuple[Retired, ...]:
    """What is retired, and has no backup that was made since."""
    found = tuple(_noted(repository))
    return tuple(
        each
        for each in found
        if all(one.started <= each.at for one in _manifests(listed) if each.covers(one))
    )


def living(gone: Sequence[Retired], listed: Iterable[Listed]) -> tuple[Listed, ...]:
    """The backups of what is not retired, and those of which nobody knows."""
    return tuple(
        each
        for each in listed
        if each.manifest is None or not any(one.covers(each.manifest) for one in gone)
    )


def _manifests(listed: Iterable[Listed]) -> Iterable[Manifest]:
    return (each.manifest for each in listed if each.manifest is not None)


def _noted(repository: Repository) -> Iterable[Retired]:
    for entry in repository.entries(_FOLDER):
        try:
            content = json.loads(repository.read(entry.name))
            yield Retired(
                system=str(content["system"]),
                database=str(content["database"]),
                at=datetime.fromisoformat(content["at"]).astimezone(UTC),
            )
        except (RepositoryError, KeyError, TypeError, ValueError, RecursionError):
            continue


def _place(retired: Retired) -> str:
    name = hashlib.sha256(json.dumps([retired.system, retired.database]).encode()).hexdigest()
    return f"{_FOLDER}{name[:32]}.json"
