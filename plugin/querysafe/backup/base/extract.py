"""Unpacking a base backup: every file as its list says, and nothing outside the directory."""

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from querysafe.backup import catalog, data_key, streams
from querysafe.backup.base.tar import Member, TarReader
from querysafe.backup.errors import DamagedBackup, ObjectMissing
from querysafe.backup.keys import Identities
from querysafe.backup.manifest import Manifest, Part
from querysafe.backup.repository import Repository
from querysafe.backup.steps import Steps

CHUNK = 2**20
LIST = "backup_manifest"
"""The server's own list of files, with the hash of each."""


def extract(
    repository: Repository,
    manifest: Manifest,
    directory: Path,
    *,
    identities: Identities | None,
    steps: Steps,
) -> None:
    """Unpack the archive of a base backup into an empty directory and check every file.

    Raises :class:`DamagedBackup` when a file is missing, too many, or not the one that was
    backed up, and for a path that leads out of the directory.
    """
    part = manifest.part("base")
    hashes: dict[str, str] = {}
    keys = data_key.opened(repository, manifest, identities)
    with (
        steps.step(f"unpack {manifest.id}", total=part.raw_bytes) as step,
        _unfolded(repository, manifest, part, keys, step.advance) as stream,
    ):
        archive = TarReader(stream, CHUNK)
        folders = {directory}
        for member in archive.members():
            path = _safe(member, directory, manifest.id)
            folder = path if member.kind == "folder" else path.parent
            if folder not in folders:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folders.add(folder)
            if member.kind == "file":
                hashes[member.name.removeprefix("./")] = _write(archive.pieces(), path)
    listed = (directory / LIST).read_bytes() if LIST in hashes else b""
    _compare(listed, hashes, manifest.id)


def examine(
    repository: Repository,
    manifest: Manifest,
    keys: Identities | None,
    progress: streams.Progress,
) -> None:
    """Read the archive of a base backup through as :func:`extract` does, and write nothing.

    ``keys`` open its parts. Raises as :func:`extract`, and when the list of files that an
    incremental backup would build upon is not the archive's own.
    """
    part = manifest.part("base")
    hashes: dict[str, str] = {}
    listed = b""
    with _unfolded(repository, manifest, part, keys, progress, hashed=True) as stream:
        archive = TarReader(stream, CHUNK)
        for member in archive.members():
            _safe(member, Path(), manifest.id)
            if member.kind != "file":
                continue
            digest = hashlib.sha256()
            for piece in archive.pieces():
                digest.update(piece)
                if member.name == LIST:
                    listed += piece
            hashes[member.name.removeprefix("./")] = digest.hexdigest()
    _compare(listed, hashes, manifest.id)
    if hashes[LIST] != manifest.part("files").raw_sha256:
        raise DamagedBackup(f'the list of files of "{manifest.id}" is not that of its archive')


def _safe(member: Member, directory: Path, id: str) -> Path:
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or member.kind == "other":
        raise DamagedBackup(f'"{id}" holds "{member.name}", which does not belong there')
    return directory / name


def _write(pieces: Iterable[memoryview], path: Path) -> str:
    digest = hashlib.sha256()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        for piece in pieces:
            digest.update(piece)
            left = piece
            while left:
                left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)
    # Not synced here: a server that starts from a backup first syncs its whole directory
    # (SyncDataDirectory in PostgreSQL's xlog.c).
    return digest.hexdigest()


def _compare(listed: bytes, hashes: Mapping[str, str], id: str) -> None:
    """Compare what was read with ``backup_manifest`` (manual, 79.1)."""
    if not listed:
        raise DamagedBackup(f'"{LIST}" of "{id}" is missing')
    try:
        for each in json.loads(listed)["Files"]:
            name = each.get("Path") or bytes.fromhex(each["Encoded-Path"]).decode(errors="replace")
            found = hashes.get(name)
            if found is None:
                raise DamagedBackup(f'"{name}" of "{id}" is missing')
            if each.get("Checksum-Algorithm") == "SHA256" and found != each["Checksum"]:
                raise DamagedBackup(f'"{name}" of "{id}" is not what was backed up')
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DamagedBackup(f'"{LIST}" of "{id}" cannot be read') from None


@contextmanager
def _unfolded(
    repository: Repository,
    manifest: Manifest,
    part: Part,
    identities: Identities | None,
    progress: streams.Progress,
    *,
    hashed: bool = False,
) -> Iterator[streams.Unfolding]:
    """A stored part as a file to read; all of it was read and is sound when the block ends."""
    try:
        opened = repository.open(catalog.place(manifest.id, part.name))
    except ObjectMissing as error:
        raise DamagedBackup(error.message) from None
    with opened as stored:
        read = streams.Reading(stored)
        try:
            if manifest.encryption == "none":
                unfolding = streams.Unfolding(
                    cast("IO[bytes]", read), part, progress, hashed=hashed
                )
                yield unfolding
                unfolding.finish()
            else:
                keys = identities or Identities(())
                with _decrypted(read, part, keys) as compressed:
                    unfolding = streams.Unfolding(compressed, part, progress, hashed=hashed)
                    yield unfolding
                    unfolding.finish()
        except ValueError:
            raise DamagedBackup(f'the archive of "{manifest.id}" is damaged') from None
        read.finish(part)


@contextmanager
def _decrypted(read: streams.Reading, part: Part, identities: Identities) -> Iterator[IO[bytes]]:
    """What a stream holds encrypted, as a file to read: a thread decrypts into a pipe."""
    reading, writing = os.pipe()
    failed: list[BaseException] = []

    def decrypt() -> None:
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            sink = _Whole(pipe)
            try:
                identities.decrypt(read, sink, part.name)
            except BaseException as error:
                if not sink.is_broken:
                    failed.append(error)

    worker = threading.Thread(target=decrypt, name="querysafe-decrypt", daemon=True)
    worker.start()
    try:
        with os.fdopen(reading, "rb", buffering=CHUNK) as stream:
            yield stream
    finally:
        worker.join()
        # What was wrong with the stream explains what its reader then found.
        if failed:
            raise failed[0] from None


class _Whole:
    """Writes all it is given: a pipe may take a part only."""

    def __init__(self, sink: Any) -> None:
        self._sink = sink
        self.is_broken = False

    def write(self, data: bytes | memoryview) -> int:
        with memoryview(data) as view:
            start = 0
            while start < len(view):
                try:
                    start += self._sink.write(view[start:])
                except BrokenPipeError:
                    self.is_broken = True
                    raise
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""
