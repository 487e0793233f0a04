"""The backups of a repository: which are whole, which are remains, and what a drill said."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from querysafe.backup import data_key
from querysafe.backup.errors import BackupError, DamagedBackup, ManifestError, ObjectMissing
from querysafe.backup.lease import leases
from querysafe.backup.manifest import NAME, OURS, Manifest, decode, encode, is_id
from querysafe.backup.repository import Repository
from querysafe.backup.verdicts import Verdict, verdicts

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
    is_locked: bool = False
    """Whether somebody has forbidden retention to delete it."""
    verdict: Verdict = field(default_factory=Verdict)
    """What `verify` and drills found."""

    @property
    def verified(self) -> datetime | None:
        """When a restore of it was last compared and found equal."""
        return self.verdict.restored


_LOCKED = "locked/"


def place(id: str, name: str) -> str:
    """The name of an object of a backup."""
    return f"backups/{id}/{name}"


def publish(repository: Repository, manifest: Manifest) -> None:
    """Write the manifest: from now on the backup exists."""
    repository.put_once(place(manifest.id, NAME), encode(manifest))


def listing(repository: Repository) -> tuple[Listed, ...]:
    """Every backup, newest first; unfinished and damaged ones too.

    What was found to be damaged counts until a part is written again: somebody has put it back.
    """
    sizes: dict[str, dict[str, int]] = {}
    written: dict[str, datetime] = {}
    for entry in repository.entries("backups/"):
        id, _, name = entry.name.removeprefix("backups/").partition("/")
        if is_id(id) and name:
            sizes.setdefault(id, {})[name] = entry.size
            written[id] = max(written.get(id, entry.modified), entry.modified)
    known = {
        id: each if each.noted is None or each.noted >= written[id] else replace(each, problems=())
        for id, each in verdicts(repository, sizes).items()
    }
    locked = {entry.name.removeprefix(_LOCKED) for entry in repository.entries(_LOCKED)}
    found = {
        id: replace(
            _listed(repository, id, sizes[id], known.get(id, Verdict())), is_locked=id in locked
        )
        for id in sizes
    }
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
    return newest(repository, is_read_again=True)


def newest(
    repository: Repository,
    kind: str | None = None,
    *,
    system: str | None = None,
    is_read_again: bool = False,
) -> Manifest:
    """The newest whole backup, of any kind or one, of any cluster or one.

    Raises :class:`BackupError`.

    When there is none, and every byte is read again in any case, one that was found damaged
    and may have been mended.
    """
    listed = [
        each
        for each in listing(repository)
        if each.manifest is None
        or (
            kind in (None, each.manifest.kind) and system in (None, each.manifest.system_identifier)
        )
    ]
    for each in listed:
        if each.manifest is not None and each.status == "ok":
            return each.manifest
    for each in listed if is_read_again else ():
        if each.manifest is not None and each.problem == "; ".join(each.verdict.problems):
            return each.manifest
    damaged = [each for each in listed if each.status == "damaged"]
    why = f': "{damaged[0].id}" is damaged: {damaged[0].problem}' if damaged else ""
    raise BackupError(
        f"there is no whole {kind + ' ' if kind else ''}backup "
        f'{f"of the cluster {system} " if system else ""}in "{repository.location}"{why}',
        hint=f"make one with `querysafe backup create{' --kind ' + kind if kind else ''}`",
    )


def claimed(repository: Repository, id: str, kind: str | None = None) -> Manifest:
    """As :func:`find`, but ``latest`` is the newest that has a manifest, damaged or not.

    What looks at a backup must not pass over the newest one because something is wrong with
    it. Raises :class:`DamagedBackup` when that is the manifest.
    """
    if id != "latest":
        return find(repository, id)
    for each in listing(repository):
        if each.manifest is not None and kind in (None, each.manifest.kind):
            return each.manifest
        if each.status == "damaged" and each.manifest is None:
            raise DamagedBackup(f'the newest backup "{each.id}" is damaged: {each.problem}')
    return newest(repository, kind)


def passed_over(repository: Repository, manifest: Manifest) -> tuple[Listed, ...]:
    """Backups newer than one that are not whole, which ``latest`` has passed over."""
    return tuple(
        each for each in listing(repository) if each.status == "damaged" and each.id > manifest.id
    )


def note_drill(repository: Repository, id: str, result: dict[str, Any]) -> None:
    """Remember what a restore drill of a backup said."""
    repository.replace(f"drills/{id}.json", json.dumps(result, indent=1, sort_keys=True).encode())


def lock(repository: Repository, id: str) -> None:
    """Forbid retention to delete a backup. Raises :class:`BackupError` when there is none."""
    repository.replace(f"{_LOCKED}{find(repository, id).id}", b"")


def unlock(repository: Repository, id: str) -> None:
    """Let retention decide on a backup again."""
    repository.delete(f"{_LOCKED}{find(repository, id).id}")


def remove(repository: Repository, id: str) -> None:
    """Delete a backup: its manifest first, so that it never looks whole without its parts."""
    manifest = find(repository, id)
    repository.delete(place(id, NAME))
    for part in manifest.parts:
        repository.delete(place(id, part.name))
    for wrap in data_key.wraps(repository, id):
        repository.delete(wrap.object)
    for folder in ("drills", "verified"):
        repository.delete(f"{folder}/{id}.json")


def discard(repository: Repository, id: str) -> tuple[str, ...]:
    """Remove what a dead backup stored, and name it; one that has a manifest is left alone.

    Only what a backup stores goes: a file that somebody put beside it stays.
    """
    if not is_id(id) or repository.exists(place(id, NAME)):
        return ()
    folder = place(id, "")
    gone = list(repository.sweep(below=folder))
    for entry in list(repository.entries(folder)):
        if OURS.fullmatch(entry.name.removeprefix(folder)):
            repository.delete(entry.name)
            gone.append(entry.name)
    return tuple(gone)


def sweep(repository: Repository, now: datetime) -> tuple[str, ...]:
    """Remove what backups that died left behind, and name it.

    Dead are those whose lease is held by a process of this machine that has ended, and
    those that have no living lease and were not written to for a day. The day is counted
    back from the last object written to the repository, so that a clock that jumps
    declares nobody dead.
    """
    held = tuple(leases(repository))
    modified: dict[str, datetime] = {}
    for entry in repository.entries("backups/"):
        id, _, name = entry.name.removeprefix("backups/").partition("/")
        if is_id(id) and name:
            modified[id] = max(modified.get(id, entry.modified), entry.modified)
    latest = [*modified.values(), *(each.modified for each in held)]
    before = min([now, *([max(latest)] if latest else [])]) - ABANDONED_AFTER
    dead = {each.name for each in held if each.is_dead or each.modified < before}
    living = {each.backup for each in held if each.backup and each.name not in dead}
    spared = tuple(place(id, "") for id in living)
    swept = list(repository.sweep(before, spare=spared))
    for each in held:
        if each.name in dead:
            swept += discard(repository, each.backup or "")
            repository.delete(each.name)
    for id, time in modified.items():
        if time < before and id not in living:
            swept += discard(repository, id)
    return tuple(swept)


def _listed(repository: Repository, id: str, sizes: dict[str, int], verdict: Verdict) -> Listed:
    stored = sum(size for name, size in sizes.items() if name != NAME)
    if NAME not in sizes:
        return Listed(id=id, status="unfinished", problem="no manifest", stored_bytes=stored)
    try:
        manifest = decode(repository.read(place(id, NAME)), id=id)
    except (ManifestError, ObjectMissing) as error:
        return Listed(id=id, status="damaged", problem=error.message, stored_bytes=stored)
    problem = "; ".join([*_unsound(manifest, sizes), *verdict.problems])
    return Listed(
        id=id,
        status="damaged" if problem else "ok",
        problem=problem,
        manifest=manifest,
        stored_bytes=stored,
        verdict=verdict,
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
    if manifest.data_key is not None and not any(map(data_key.is_wrap, sizes)):
        yield "its wrapped key is missing"


def _newest_first(each: Listed) -> tuple[str, str]:
    started = each.manifest.started.astimezone(UTC).isoformat() if each.manifest else each.id
    return started.replace("-", "").replace(":", ""), each.id
