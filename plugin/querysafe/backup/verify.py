"""Verifying a backup without restoring it: every byte, every part, the archive's own list."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from querysafe.backup import catalog, data_key, streams
from querysafe.backup.base.extract import examine
from querysafe.backup.errors import (
    BackupError,
    DamagedBackup,
    KeyMissing,
    ManifestError,
    ObjectMissing,
    RepositoryError,
)
from querysafe.backup.keys import Identities
from querysafe.backup.manifest import Manifest, Part
from querysafe.backup.repository import Repository
from querysafe.backup.steps import Steps
from querysafe.backup.wal import archive
from querysafe.backup.wal.archive import Archived
from querysafe.backup.wal.coverage import cover
from querysafe.errors import ServerError
from querysafe.postgres.child import child
from querysafe.postgres.programs import for_server
from querysafe.postgres.target import inherited


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was looked at, and what is wrong; nothing is when ``problems`` is empty."""

    backup: str
    stored_bytes: int
    raw_bytes: int | None
    """Bytes that were read through to what ``pg_dump`` wrote; ``None`` without a key."""
    problems: tuple[str, ...] = ()
    is_damaged: bool = False
    """Whether a problem is the backup's own, and not that of a key or a program."""
    segments: int | None = None
    """How many archived segments behind a base backup were read and proven; ``None`` when they
    were not looked at."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(
    repository: Repository,
    manifest: Manifest,
    *,
    identities: Identities | None = None,
    bin_directory: Path | None = None,
    wal: bool = True,
    steps: Steps | None = None,
) -> Verified:
    """Read all that a backup stored, unfold it, and let ``pg_restore`` walk the archive, or
    hold every file of a base backup against the server's own list.

    Of an incremental backup, what it builds upon is read too; of a base backup, with
    ``wal``, every archived segment from it on, which must have no gap. An encrypted backup
    without a key is checked by its stored bytes only. Problems are returned;
    :class:`RepositoryError` is raised when the store cannot be read.
    """
    steps = steps or Steps()
    own = _read(repository, manifest, identities, bin_directory, steps)
    problems, is_damaged = list(own.problems), own.is_damaged
    link, seen = manifest, {manifest.id}
    while link.parent is not None and link.parent not in seen:
        try:
            link = catalog.find(repository, link.parent)
        except ManifestError as error:
            problems.append(error.message)
            break
        except RepositoryError:
            raise
        except BackupError as error:
            problems.append(f"{error.message}, which {manifest.id} builds upon")
            break
        seen.add(link.id)
        below = _read(repository, link, identities, bin_directory, steps)
        problems += [f"{link.id}: {problem}" for problem in below.problems]
        is_damaged |= below.is_damaged
    segments = None
    if wal and manifest.kind == "base":
        segments, wrong = _read_wal(repository, manifest, identities, steps)
        problems += wrong
    return replace(own, problems=tuple(problems), is_damaged=is_damaged, segments=segments)


def _read_wal(
    repository: Repository, base: Manifest, identities: Identities | None, steps: Steps
) -> tuple[int | None, list[str]]:
    """Read the archive from a base backup on; without its key only look for gaps."""
    try:
        coverage = cover(repository, base, identities=identities)
    except KeyMissing:
        return None, []
    except (DamagedBackup, ObjectMissing) as error:
        return None, [error.message]
    except RepositoryError:
        raise
    except BackupError as error:
        return None, [error.message]
    problems = []
    if coverage.missing is not None:
        problems.append(f"the WAL archive has a gap; {coverage.told()}")
    read = 0
    with steps.step("verify the WAL", total=sum(file.size for file in coverage.chain)) as step:
        for file in coverage.chain:
            if file.is_encrypted and identities is None:
                continue
            wrong = list(_wrong_with(repository, file, identities))
            problems += wrong
            read += not wrong
            step.advance(file.size)
    return read, problems


def _wrong_with(
    repository: Repository, file: Archived, identities: Identities | None
) -> Iterator[str]:
    """What is wrong with the copies of an archived file: one that opens, and none damaged, is right."""
    unread: str | None = None
    is_open = False
    for copy in file.copies:
        try:
            archive.fetch_copy(repository, copy, identities)
            is_open = True
        except KeyMissing as error:
            unread = error.message
        except (DamagedBackup, ObjectMissing) as error:
            is_open = True
            yield error.message
    if not is_open and unread is not None:
        yield unread


def _read(
    repository: Repository,
    manifest: Manifest,
    identities: Identities | None,
    bin_directory: Path | None,
    steps: Steps,
) -> Verified:
    readable = manifest.encryption == "none" or identities is not None
    problems = list(data_key.problems(repository, manifest))
    is_damaged = bool(problems)
    keys = identities
    if readable and not problems:
        try:
            keys = data_key.opened(repository, manifest, identities)
        except (DamagedBackup, KeyMissing) as error:
            problems.append(error.message)
            is_damaged = isinstance(error, DamagedBackup)
    readable = readable and not problems
    raw = 0
    for part in manifest.parts:
        with steps.step(f"verify {part.name}", total=part.raw_bytes) as step:
            try:
                if not readable:
                    with repository.open(catalog.place(manifest.id, part.name)) as stream:
                        streams.check(stream, part, step.advance)
                else:
                    _read_through(repository, manifest, part, keys, bin_directory, step.advance)
                    raw += part.raw_bytes
            except (DamagedBackup, KeyMissing, ObjectMissing, ServerError) as error:
                problems.append(error.message)
                is_damaged |= isinstance(error, (DamagedBackup, ObjectMissing))
    return Verified(
        backup=manifest.id,
        stored_bytes=manifest.stored_bytes,
        raw_bytes=raw if readable else None,
        problems=tuple(problems),
        is_damaged=is_damaged,
    )


def _read_through(
    repository: Repository,
    manifest: Manifest,
    part: Part,
    identities: Identities | None,
    bin_directory: Path | None,
    progress: streams.Progress,
) -> None:
    encrypted = manifest.encryption != "none"
    if part.name.startswith("base."):
        examine(repository, manifest, identities, progress)
        return
    with repository.open(catalog.place(manifest.id, part.name)) as stream:
        if manifest.kind != "logical" or not part.name.startswith("database."):
            streams.load(
                stream,
                _Nowhere(),
                part,
                encrypted=encrypted,
                identities=identities,
                progress=progress,
            )
            return
        taken_by = int(manifest.tools["pg_dump"].partition(".")[0])
        program = for_server("pg_restore", taken_by, bin_directory=bin_directory)
        with child(program, [f"--file={os.devnull}"], inherited(), reads=True) as running:
            streams.load(
                stream,
                running.input,
                part,
                encrypted=encrypted,
                identities=identities,
                progress=progress,
            )
            running.finish()


class _Nowhere:
    """Takes everything and keeps nothing."""

    def write(self, data: bytes | memoryview) -> int:
        return len(data)
