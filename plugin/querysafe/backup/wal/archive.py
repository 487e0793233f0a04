"""The archive in a repository: ``wal/<system>/<folder>/<file>-<SHA-256>.zst``, written once.

The hash of the raw file stands in its name, as in pgBackRest, so that pushing a file
again is no error, pushing another under its name is one, and a fetch proves what it got.
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from querysafe.backup import streams
from querysafe.backup.errors import BackupError, DamagedBackup, ObjectExists, ObjectMissing
from querysafe.backup.keys import Identities, Recipients
from querysafe.backup.manifest import Part
from querysafe.backup.repository import Repository
from querysafe.backup.wal import names

_AGE = ".age"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """One file of the archive."""

    name: str
    """As PostgreSQL calls it."""
    sha256: str
    object: str
    """Its name in the repository."""
    size: int
    """In bytes, as stored."""
    modified: datetime
    """When it was archived, by the repository's clock."""

    @property
    def is_encrypted(self) -> bool:
        """Whether a key is needed."""
        return self.object.endswith(_AGE)


def push(
    repository: Repository, path: Path, *, recipients: Recipients | None = None
) -> tuple[str, bool]:
    """Archive a file of ``pg_wal``; return its object and whether it was there already.

    A segment must be whole and belong where its name says. Raises :class:`BackupError` when
    it does not, when another file was archived under its name, and when the repository
    fails: PostgreSQL then keeps the file and asks again.
    """
    name = path.name
    if not names.is_archived(name):
        raise BackupError(f'"{name}" is no file that PostgreSQL archives')
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BackupError(f'"{path}" cannot be read: {error.strerror}') from None
    system = _system_of(path, data)
    digest = hashlib.sha256(data).hexdigest()
    for known in files(repository, system, name):
        if known.name == name:
            if known.sha256 == digest:
                return known.object, True
            raise BackupError(
                f'"{name}" was archived before with other contents',
                hint="two clusters must not archive as one; give each its own repository",
            )
    place = f"wal/{system}/{_folder(name)}/{name}-{digest}.zst{_AGE if recipients else ''}"
    try:
        with repository.create(place) as writer:
            streams.store(io.BytesIO(data), writer, name=name, recipients=recipients)
    except ObjectExists:
        return place, True
    return place, False


def files(repository: Repository, system: str, prefix: str = "") -> Iterator[Archived]:
    """The archived files of a cluster, in order: all, or those whose names begin with a
    prefix, which is then a segment's or a history file's whole name.
    """
    start = f"wal/{system}/{_folder(prefix)}/{prefix}" if prefix else f"wal/{system}/"
    for entry in repository.entries(start):
        name, _, rest = entry.name.rpartition("/")[2].partition("-")
        digest = rest.partition(".")[0]
        if names.is_archived(name) and len(digest) == 64:
            yield Archived(
                name=name,
                sha256=digest,
                object=entry.name,
                size=entry.size,
                modified=entry.modified,
            )


def _folder(name: str) -> str:
    """256 segments a folder, so that looking one up lists no more."""
    return "history" if names.HISTORY.match(name) else name[:16]


def systems(repository: Repository) -> tuple[str, ...]:
    """The clusters that have archived something."""
    return tuple(sorted({entry.name.split("/")[1] for entry in repository.entries("wal/")}))


def fetch(repository: Repository, file: Archived, identities: Identities | None = None) -> bytes:
    """Read one archived file. Raises :class:`DamagedBackup` when its hash is another."""
    held = io.BytesIO()
    # Only what the name vouches for is known of it.
    part = Part(
        name=file.name,
        raw_bytes=2**31,
        raw_sha256=file.sha256,
        stored_bytes=file.size,
        stored_sha256="",
    )
    with repository.open(file.object) as stream:
        streams.unfold(stream, held, part, encrypted=file.is_encrypted, identities=identities)
    data = held.getvalue()
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise DamagedBackup(f'the archived "{file.name}" is damaged')
    return data


def find(repository: Repository, name: str, system: str | None = None) -> Archived:
    """Look one file up. Raises :class:`ObjectMissing` when the archive proves not to have it."""
    for each in (system,) if system else systems(repository):
        for file in files(repository, each, name):
            if file.name == name:
                return file
    raise ObjectMissing(f'"{name}" is not in the WAL archive of "{repository.location}"')


def _system_of(path: Path, data: bytes) -> str:
    """The cluster a file belongs to: by its own header, or by the control file beside it."""
    if not names.HISTORY.fullmatch(path.name) and not path.name.endswith(".backup"):
        try:
            header = names.read_header(data)
        except ValueError as error:
            raise BackupError(f'"{path.name}" is no WAL segment: {error}') from None
        segment = names.Segment.parse(path.name[:24], header.segment_size)
        if header.position != segment.start:
            raise BackupError(f'"{path.name}" holds another segment than its name says')
        if len(data) != header.segment_size and not path.name.endswith(".partial"):
            raise BackupError(f'"{path.name}" is not whole: {len(data)} bytes')
        return header.system_identifier
    control = path.absolute().parent.parent / "global" / "pg_control"
    try:
        with control.open("rb") as file:
            return str(int.from_bytes(file.read(8), "little"))
    except OSError:
        raise BackupError(
            f'"{control}" cannot be read, which says to what cluster "{path.name}" belongs',
            hint="run it as archive_command, in the data directory",
        ) from None
