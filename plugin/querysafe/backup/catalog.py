"""The backups of a repository: which are whole, which are remains, and what a drill said."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from querysafe.backup.errors import BackupError, ManifestError, ObjectMissing
from querysafe.backup.manifest import NAME, Manifest, decode, encode, is_id
from querysafe.backup.repository import Repository

ABANDONED_AFTER = timedelta(hours=24)
"""An object without a manifest is a dead backup's after this long, unless its lease lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One backup as the repository shows it, before any byte of it was read."""

    id: str
    status: str
    """``ok``; ``damaged`` when parts are missing or of another size, or the manifest is
    unsound; ``unfinished`` when there is no manifest."""
    problem: str = ""
    manifest: Manifest | None = None
    stored_bytes: int = 0
    verified: datetime | None = None
    """When a restore drill last succeeded."""


def place(id: str, name: str) -> str:
    """The name of an object of a backup."""
    return f"backups/{id}/{name}"


def publish(repository: Repository, manifest: Manifest) -> None:
    """Write the manifest: from now on the backup exists."""
    repository.put_once(place(manifest.id, NAME), encode(manifest))


def listing(repository: Repository) -> tuple[Listed, ...]:
    """Every backup, newest first; unfinished and damaged ones too."""
    sizes: dict[str, dict[str, int]] = {}
    drilled: dict[str, datetime] = {}
    for entry in repository.entries("backups/"):
        id, _, name = entry.name.removeprefix("backups/").partition("/")
        if is_id(id) and name:
            sizes.setdefault(id, {})[name] = entry.size
    for entry in repository.entries("drills/"):
        id = entry.name.removeprefix("drills/").removesuffix(".json")
        if id in sizes:
            time = _drilled(repository, entry.name)
            if time is not None:
                drilled[id] = time
    found = {id: _listed(repository, id, sizes[id], drilled.get(id)) for id in sizes}
    chained = [_with_chain(each, found) for each in found.values()]
    return tuple(sorted(chained, key=_newest_first, reverse=True))


def find(repository: Repository, id: str) -> Manifest:
    """The manifest of a backup, or of the newest whole one for ``latest``.

    Raises :class:`BackupError` when there is none, saying which there are.
    """
    if id != "latest" and not is_id(id):
        raise BackupError(f'"{id}" is no id of a backup', hint="see `querysafe backup list`")
    if id != "latest":
        try:
            return decode(repository.read(place(id, NAME)), id=id)
        except ObjectMissing:
            raise BackupError(
                f'there is no backup "{id}" in "{repository.location}"',
                hint="see `querysafe backup list`",
            ) from None
    return newest(repository)


def newest(repository: Repository, kind: str | None = None) -> Manifest:
    """The newest whole backup, of any kind or of one. Raises :class:`BackupError`."""
    for each in listing(repository):
        if each.status == "ok" and each.manifest is not None and kind in (None, each.manifest.kind):
            return each.manifest
    raise BackupError(
        f'there is no whole {kind + " " if kind else ""}backup in "{repository.location}"',
        hint=f"make one with `querysafe backup create{' --kind ' + kind if kind else ''}`",
    )


def claimed(repository: Repository, id: str, kind: str | None = None) -> Manifest:
    """As :func:`find`, but ``latest`` is the newest that has a manifest, damaged or not.

    What looks at a backup must not pass over the newest one because something is wrong with it.
    """
    if id != "latest":
        return find(repository, id)
    for each in listing(repository):
        if each.manifest is not None and kind in (None, each.manifest.kind):
            return each.manifest
    return newest(repository, kind)


def note_drill(repository: Repository, id: str, result: dict[str, Any]) -> None:
    """Remember what a restore drill of a backup said."""
    repository.replace(f"drills/{id}.json", json.dumps(result, indent=1, sort_keys=True).encode())


def remove(repository: Repository, id: str) -> None:
    """Delete a backup: its manifest first, so that it never looks whole without its parts."""
    repository.delete(place(id, NAME))
    for entry in list(repository.entries(f"backups/{id}/")):
        repository.delete(entry.name)
    repository.delete(f"drills/{id}.json")


def sweep(repository: Repository, now: datetime) -> tuple[str, ...]:
    """Remove what backups that died left behind, and name it."""
    before = now - ABANDONED_AFTER
    swept = list(repository.sweep(before))
    complete: dict[str, bool] = {}
    newest: dict[str, datetime] = {}
    for entry in repository.entries("backups/"):
        id, _, name = entry.name.removeprefix("backups/").partition("/")
        if is_id(id):
            complete[id] = complete.get(id, False) or name == NAME
            newest[id] = max(newest.get(id, entry.modified), entry.modified)
    for id, has_manifest in complete.items():
        if not has_manifest and newest[id] < before:
            for entry in list(repository.entries(f"backups/{id}/")):
                repository.delete(entry.name)
                swept.append(entry.name)
    return tuple(swept)


def _listed(
    repository: Repository, id: str, sizes: dict[str, int], verified: datetime | None
) -> Listed:
    stored = sum(size for name, size in sizes.items() if name != NAME)
    if NAME not in sizes:
        return Listed(id=id, status="unfinished", problem="no manifest", stored_bytes=stored)
    try:
        manifest = decode(repository.read(place(id, NAME)), id=id)
    except (ManifestError, ObjectMissing) as error:
        return Listed(id=id, status="damaged", problem=error.message, stored_bytes=stored)
    problem = "; ".join(_unsound(manifest, sizes))
    return Listed(
        id=id,
        status="damaged" if problem else "ok",
        problem=problem,
        manifest=manifest,
        stored_bytes=stored,
        verified=verified,
    )


def _with_chain(each: Listed, found: Mapping[str, Listed]) -> Listed:
    """An incremental backup is whole only when all are that it builds upon."""
    link, seen = each, {each.id}
    while each.status == "ok" and link.manifest is not None and link.manifest.parent is not None:
        parent = found.get(link.manifest.parent)
        if parent is None or parent.id in seen or parent.status != "ok":
            what = "is missing" if parent is None else f"is {parent.status}"
            problem = f'"{link.manifest.parent}", which it builds upon, {what}'
            return replace(each, status="damaged", problem=problem)
        seen.add(parent.id)
        link = parent
    return each


def _unsound(manifest: Manifest, sizes: dict[str, int]) -> Iterator[str]:
    for part in manifest.parts:
        size = sizes.get(part.name)
        if size is None:
            yield f'"{part.name}" is missing'
        elif size != part.stored_bytes:
            yield f'"{part.name}" has {size} bytes instead of {part.stored_bytes}'


def _drilled(repository: Repository, name: str) -> datetime | None:
    try:
        result = json.loads(repository.read(name))
        time = datetime.fromisoformat(result["ended"])
        return time.astimezone(UTC) if result["passed"] else None
    except (ObjectMissing, ValueError, KeyError, TypeError):
        return None


def _newest_first(each: Listed) -> tuple[str, str]:
    started = each.manifest.started.astimezone(UTC).isoformat() if each.manifest else each.id
    return started.replace("-", "").replace(":", ""), each.id
