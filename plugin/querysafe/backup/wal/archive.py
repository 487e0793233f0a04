"""The archive in a repository: ``wal/<system>/<folder>/<file>-<SHA-256>-<time>.zst``, written
once; encrypted, ``.<recipients>.age`` follows, a fingerprint of who can open it.

The hash of the raw file stands in its name, as in pgBackRest, so that pushing a file
again is no error, pushing another under its name is one, and a fetch proves what it got.
The time is when the server last wrote to the file: no transaction that ended until then can
stand in a later segment. The repository's own times change when it is copied.

Segments have no data key as backups do: what pushes them holds public keys only, and to take
another from the repository would be to trust whoever writes there. When keys change, a segment
is encrypted anew beside the copy that there is.
"""

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from querysafe.backup import streams
from querysafe.backup.errors import (
    BackupError,
    DamagedBackup,
    KeyMissing,
    ObjectExists,
    ObjectMissing,
)
from querysafe.backup.keys import Identities, Recipients
from querysafe.backup.manifest import Part
from querysafe.backup.repository import Repository
from querysafe.backup.wal import cluster, names, timelines

_AGE = ".age"
_OBJECT = re.compile(
    r"(?P<name>[0-9A-F.a-z]+)-(?P<sha256>[0-9a-f]{64})(?:-(?P<closed>\d{8}T\d{12}Z))?\.zst"
    r"(?:(?:\.(?P<recipients>[0-9a-f]{16}))?\.age)?"
)
_TIME = "%Y%m%dT%H%M%S%fZ"


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
    closed: datetime | None = None
    """When the server last wrote to it, by the server's clock."""
    recipients: str | None = None
    """:attr:`Recipients.fingerprint` of those whom it is encrypted for, where its name says it."""
    also: tuple["Archived", ...] = ()
    """Further copies of the same file, for other recipients."""

    @property
    def copies(self) -> tuple["Archived", ...]:
        """Every copy, this one first."""
        return (replace(self, also=()), *self.also)

    @property
    def is_encrypted(self) -> bool:
        """Whether a key is needed."""
        return self.object.endswith(_AGE)


def push(
    repository: Repository,
    path: Path,
    *,
    recipients: Recipients | None = None,
    system: str | None = None,
) -> tuple[str, bool]:
    """Archive a file of ``pg_wal``; return its object and whether it was there already.

    A segment must be whole and belong where its name says, to a cluster that archives here.
    ``system`` says what cluster a history file is of that lies in no data directory.
    Raises :class:`BackupError` when it does not, when another file was archived under its
    name, and when the repository fails: PostgreSQL then keeps the file and asks again.
    """
    name = path.name
    if not names.is_archived(name):
        raise BackupError(f'"{name}" is no file that PostgreSQL archives')
    try:
        data = path.read_bytes()
        closed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise BackupError(f'"{path}" cannot be read: {error.strerror}') from None
    system = _system_of(repository, path, data, system)
    digest = hashlib.sha256(data).hexdigest()
    known = _known(repository, system, name, digest)
    if known is not None:
        return known.object, True
    cluster.admit(repository, system)
    closed = min(closed, datetime.now(UTC))
    stem = f"wal/{system}/{_folder(name)}/{name}-{digest}-{closed.strftime(_TIME)}.zst"
    place = f"{stem}{_suffix(recipients)}"
    try:
        _store(repository, place, name, data, recipients)
    except ObjectExists:
        return place, True
    try:
        # Two that push at once must not both believe that theirs is the one.
        _known(repository, system, name, digest)
    except BackupError:
        with suppress(BackupError):
            repository.delete(place)
        raise
    return place, False


def _suffix(recipients: Recipients | None) -> str:
    return "" if recipients is None else f".{recipients.fingerprint}{_AGE}"


def _store(
    repository: Repository, place: str, name: str, data: bytes, recipients: Recipients | None
) -> Part:
    with repository.create(place) as writer:
        return streams.store(
            io.BytesIO(data),
            writer,
            name=name,
            recipients=recipients,
            compression=streams.PAGES,
        )


def copy(repository: Repository, file: Archived, data: bytes, recipients: Recipients) -> Archived:
    """Store another copy of an archived file for other recipients, and read it back.

    ``data`` is what :func:`fetch` has proven. Raises :class:`DamagedBackup` when the
    repository does not hold what was written; the copy is then deleted.
    """
    stem = file.object.partition(".zst")[0]
    place = f"{stem}.zst{_suffix(recipients)}"
    part = _store(repository, place, file.name, data, recipients)
    try:
        with repository.open(place) as stream:
            streams.check(stream, part)
    except BackupError:
        with suppress(BackupError):
            repository.delete(place)
        raise
    return replace(
        file, object=place, size=part.stored_bytes, recipients=recipients.fingerprint, also=()
    )


def _known(repository: Repository, system: str, name: str, digest: str) -> Archived | None:
    """The same file in the archive. Raises :class:`BackupError` when another has its name."""
    found = None
    for known in files(repository, system, name):
        if known.name == name:
            if known.sha256 != digest:
                raise BackupError(
                    f'"{name}" was archived before with other contents, which are kept',
                    hint="two clusters must not archive as one; give each its own repository",
                )
            found = known
    return found


def files(repository: Repository, system: str, prefix: str = "") -> Iterator[Archived]:
    """The archived files of a cluster, in order: all, or those whose names begin with a
    prefix, which is then a segment's or a history file's whole name.
    """
    start = f"wal/{system}/{_folder(prefix)}/{prefix}" if prefix else f"wal/{system}/"
    yield from _listed(repository, start)


def _listed(repository: Repository, start: str) -> Iterator[Archived]:
    """Each file once: its copies stand side by side, as names begin with the file's and its hash."""
    for _, copies in groupby(_copies(repository, start), lambda each: (each.name, each.sha256)):
        first, *others = copies
        yield replace(first, also=tuple(others))


def _copies(repository: Repository, start: str) -> Iterator[Archived]:
    for entry in repository.entries(start):
        found = _OBJECT.fullmatch(entry.name.rpartition("/")[2])
        if found is not None and names.is_archived(found["name"]):
            closed = found["closed"]
            yield Archived(
                name=found["name"],
                sha256=found["sha256"],
                object=entry.name,
                size=entry.size,
                modified=entry.modified,
                closed=datetime.strptime(closed, _TIME).replace(tzinfo=UTC) if closed else None,
                recipients=found["recipients"],
            )


def _folder(name: str) -> str:
    """256 segments a folder, so that looking one up lists no more."""
    return "history" if names.HISTORY.match(name) else name[:16]


def fetch(repository: Repository, file: Archived, identities: Identities | None = None) -> bytes:
    """Read one archived file, from the first of its copies that opens and is whole.

    Raises :class:`DamagedBackup` when its hash is another, :class:`KeyMissing`.
    """
    damaged: BackupError | None = None
    missing: BackupError | None = None
    for each in file.copies:
        try:
            return fetch_copy(repository, each, identities)
        except (DamagedBackup, ObjectMissing) as error:
            damaged = damaged or error
        except KeyMissing as error:
            missing = missing or error
    raise damaged or missing or AssertionError


def fetch_copy(
    repository: Repository, file: Archived, identities: Identities | None = None
) -> bytes:
    """Read one copy of an archived file. Raises as :func:`fetch`."""
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
    """Look one file up, of the only cluster that archives here when none is named.

    Raises :class:`ObjectMissing` when the archive proves not to have it, and
    :class:`BackupError` when that is no proof: what was archived is gone, the cluster is a
    stranger, several archive here, two files have the name, or segments before and behind it
    are there.
    """
    chosen = system or cluster.only(repository)
    found: Archived | None = None
    for file in files(repository, chosen, name):
        if file.name == name:
            if found is not None and found.sha256 != file.sha256:
                raise DamagedBackup(f'the archive holds two different files named "{name}"')
            found = file
    if found is not None:
        return found
    near = _near(repository, chosen, name) if names.SEGMENT.fullmatch(name) else []
    if near and min(near) < name < max(near):
        raise DamagedBackup(
            f'"{name}" is missing from the archive, though "{max(near)}" is there',
            hint="recovery must not end here: data would be missing",
        )
    if not near and next(files(repository, chosen), None) is None:
        is_new = chosen in cluster.known(repository) and not cluster.archives(repository, chosen)
        if not is_new:
            raise BackupError(f'"{repository.location}" holds no WAL of the cluster {chosen}')
    raise ObjectMissing(f'"{name}" is not in the WAL archive of "{repository.location}"')


def _near(repository: Repository, system: str, name: str) -> list[str]:
    """The segments of the same timeline in the folder of a segment, and in those beside it."""
    folder, timeline = int(name[8:16], 16), name[:8]
    return [
        file.name
        for number in (folder - 1, folder, folder + 1)
        if 0 <= number < 2**32
        for file in _listed(repository, f"wal/{system}/{timeline}{number:08X}/")
        if names.SEGMENT.fullmatch(file.name)
    ]


def _system_of(repository: Repository, path: Path, data: bytes, told: str | None) -> str:
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
    if names.HISTORY.fullmatch(path.name):
        try:
            timelines.read_history(data.decode())
        except (ValueError, IndexError):
            raise BackupError(f'"{path.name}" is no history of a timeline') from None
    system = told or cluster.beside(path) or cluster.beside(Path("pg_wal", path.name))
    if system is None:
        known = cluster.known(repository)
        if len(known) != 1:
            raise BackupError(
                f'"{cluster.control_beside(path)}" cannot be read, which says to what cluster '
                f'"{path.name}" belongs',
                hint="run it as archive_command, in the data directory",
            )
        return known[0]
    return system
