"""Changing keys: what is stored encrypted is made to open with the keys of new recipients.

Of a backup its data key is wrapped anew, whatever its size; a file of the WAL archive is
encrypted anew. Both stand beside what was there, which goes only when that is asked for, and
only when the new one has been opened. A run that was killed is gone on with by the next.
"""

import io
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass

from querysafe.backup import catalog, data_key
from querysafe.backup.catalog import Listed
from querysafe.backup.errors import DamagedBackup, KeyMissing, ObjectMissing
from querysafe.backup.keys import Identities, Recipients
from querysafe.backup.lease import lease
from querysafe.backup.manifest import NAME, Manifest
from querysafe.backup.repository import Repository
from querysafe.backup.steps import Steps
from querysafe.backup.wal import archive, cluster
from querysafe.backup.wal.archive import Archived

PURPOSE = "the change of keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of the key of one backup, or of one file of the archive."""

    subject: str
    """The id of the backup, or the file's name."""
    is_new: bool = False
    """Whether the new recipients could not open it before, and now can (or would)."""
    dropped: tuple[str, ...] = ()
    """Objects for other recipients that are gone (or would be)."""
    problem: str | None = None
    """Why it was left as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rekeyed:
    """What a change of keys did."""

    backups: tuple[Change, ...]
    wal: tuple[Change, ...]
    dry_run: bool

    @property
    def problems(self) -> tuple[str, ...]:
        """What still does not open with the new key alone, and why."""
        return tuple(
            f"{each.subject}: {each.problem}"
            for each in (*self.backups, *self.wal)
            if each.problem is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person asks of a change of keys."""

    recipients: Recipients
    """Who can open everything from now on."""
    identities: Identities
    """What opens it now; to drop what is old, also what opens it from now on."""
    id: str | None = None
    """One backup only, and no WAL."""
    drop_old: bool = False
    dry_run: bool = False


def rekey(repository: Repository, wishes: Wishes, steps: Steps | None = None) -> Rekeyed:
    """Make every encrypted backup and the WAL archive open with new keys.

    What is not encrypted stays so. Raises :class:`Busy` when keys are being changed already,
    :class:`KeyMissing` when what is old is to be dropped and the new private key is not among
    the given ones, :class:`RepositoryError`; all that was done until then is whole.
    """
    steps = steps or Steps()
    if wishes.drop_old:
        _refuse_unproven(wishes)
    with nullcontext() if wishes.dry_run else lease(repository, PURPOSE):
        listed = _chosen(repository, wishes.id)
        with steps.step("wrap the keys of the backups") as step:
            backups: list[Change] = []
            for each in listed:
                step.say(each.id)
                backups.append(_backup(repository, each, wishes))
        wal = () if wishes.id else tuple(_wal(repository, wishes, steps))
    return Rekeyed(backups=tuple(backups), wal=wal, dry_run=wishes.dry_run)


def _refuse_unproven(wishes: Wishes) -> None:
    """A misspelt recipient must not lock everybody out: the new key has to be at hand."""
    sealed = io.BytesIO()
    wishes.recipients.encrypt(io.BytesIO(b"querysafe"), sealed)
    sealed.seek(0)
    try:
        wishes.identities.decrypt(sealed, io.BytesIO(), "a trial")
    except KeyMissing:
        raise KeyMissing(
            "none of the given keys opens what is encrypted for the new recipients",
            hint="to drop what is old, name a file with the new private key: --identity FILE",
        ) from None


def _chosen(repository: Repository, id: str | None) -> tuple[Listed, ...]:
    """The encrypted backups, and those of which nobody knows."""
    wanted = None if id is None else catalog.find(repository, id).id
    return tuple(
        each
        for each in catalog.listing(repository)
        if (wanted is None or each.id == wanted)
        and each.status != "unfinished"
        and (each.manifest is None or each.manifest.encryption != "none")
    )


def _backup(repository: Repository, listed: Listed, wishes: Wishes) -> Change:
    manifest = listed.manifest
    if manifest is None:
        return Change(subject=listed.id, problem=listed.problem)
    if manifest.data_key is None:
        return Change(
            subject=listed.id,
            problem="it is older than data keys and opens with its own key only, until it expires",
        )
    try:
        return _wrapped(repository, manifest, wishes)
    except (DamagedBackup, KeyMissing) as error:
        return Change(subject=listed.id, problem=error.message)


def _wrapped(repository: Repository, manifest: Manifest, wishes: Wishes) -> Change:
    there = data_key.wraps(repository, manifest.id)
    fingerprint = wishes.recipients.fingerprint
    new = [
        each
        for each in there
        if each.recipients == fingerprint and data_key.is_sound(repository, each)
    ]
    is_new = not new
    if not new:
        private = data_key.private(repository, manifest, wishes.identities)
        if not wishes.dry_run:
            new = [data_key.wrap(repository, manifest.id, private, wishes.recipients)]
            if not repository.exists(catalog.place(manifest.id, NAME)):
                repository.delete(new[0].object)
                return Change(subject=manifest.id, problem="it was deleted meanwhile")
    old = [each.object for each in there if each not in new] if wishes.drop_old else []
    if old and not wishes.dry_run:
        data_key.unwrap(repository, manifest, new[0], wishes.identities)
        for name in old:
            repository.delete(name)
    return Change(subject=manifest.id, is_new=is_new, dropped=tuple(old))


def _wal(repository: Repository, wishes: Wishes, steps: Steps) -> Iterator[Change]:
    for system in cluster.known(repository):
        files = [
            file
            for file in archive.files(repository, system)
            if any(copy.is_encrypted for copy in file.copies)
        ]
        total = sum(file.size for file in files)
        with steps.step(f"encrypt the WAL of {system} anew", total=total) as step:
            for file in files:
                try:
                    yield _file(repository, file, wishes)
                except (DamagedBackup, KeyMissing, ObjectMissing) as error:
                    yield Change(subject=file.name, problem=error.message)
                step.advance(file.size)


def _file(repository: Repository, file: Archived, wishes: Wishes) -> Change:
    there = [copy for copy in file.copies if copy.is_encrypted]
    new = [copy for copy in there if copy.recipients == wishes.recipients.fingerprint]
    is_new = not new
    if not new:
        data = archive.fetch(repository, file, wishes.identities)
        if not wishes.dry_run:
            new = [archive.copy(repository, file, data, wishes.recipients)]
    old = [copy.object for copy in there if copy not in new] if wishes.drop_old else []
    if old and not wishes.dry_run:
        archive.fetch_copy(repository, new[0], wishes.identities)
        for name in old:
            repository.delete(name)
    return Change(subject=file.name, is_new=is_new, dropped=tuple(old))
