"""The data key of an encrypted backup: what it stores is encrypted for this key alone, and its
private half lies beside the parts, wrapped for the recipients. New recipients get a new wrap;
the parts stay as they are.

A wrap is an age file, so that ``age -d -i key.txt key-….age`` opens it. Its name tells who can
open it (a fingerprint of their public keys) and what its bytes hash to.
"""

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from querysafe.backup.errors import (
    BackupError,
    DamagedBackup,
    KeyMissing,
    ObjectMissing,
    RepositoryError,
)
from querysafe.backup.keys import Identities, Recipients, generate
from querysafe.backup.manifest import Manifest
from querysafe.backup.repository import Repository

_WRAP = re.compile(r"key-(?P<recipients>[0-9a-f]{16})-(?P<sha256>[0-9a-f]{16})\.age")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrap:
    """A data key as it is stored, wrapped for some recipients."""

    object: str
    """Its name in the repository."""
    recipients: str
    """:attr:`Recipients.fingerprint` of those who can open it."""
    sha256: str
    """Of its bytes; the first 16 digits."""


def make(repository: Repository, id: str, recipients: Recipients | None) -> Recipients | None:
    """Make a data key for a new backup and store it wrapped; what the parts are encrypted for.

    ``None`` for a backup that is not encrypted.
    """
    if recipients is None:
        return None
    public, private = generate()
    wrap(repository, id, private, recipients)
    return Recipients.parse([public])


def wrap(repository: Repository, id: str, private: str, recipients: Recipients) -> Wrap:
    """Store a data key wrapped for recipients beside the wraps that there are, and read it back.

    Raises :class:`RepositoryError` when the repository does not hold what was written.
    """
    held = io.BytesIO()
    recipients.encrypt(io.BytesIO(private.encode()), held)
    digest = hashlib.sha256(held.getvalue()).hexdigest()[:16]
    name = f"backups/{id}/key-{recipients.fingerprint}-{digest}.age"
    repository.put_once(name, held.getvalue())
    if repository.read(name) != held.getvalue():
        raise RepositoryError(f'"{repository.location}" does not hold "{name}" as it was written')
    return Wrap(object=name, recipients=recipients.fingerprint, sha256=digest)


def wraps(repository: Repository, id: str) -> tuple[Wrap, ...]:
    """The wraps that lie beside a backup."""
    folder = f"backups/{id}/"
    found = (
        (entry.name, _WRAP.fullmatch(entry.name.removeprefix(folder)))
        for entry in repository.entries(f"{folder}key-")
    )
    return tuple(
        Wrap(object=name, recipients=match["recipients"], sha256=match["sha256"])
        for name, match in found
        if match is not None
    )


def is_wrap(name: str) -> bool:
    """Whether a name within a backup's folder is that of a wrap."""
    return _WRAP.fullmatch(name) is not None


def opened(
    repository: Repository, manifest: Manifest, identities: Identities | None
) -> Identities | None:
    """What decrypts the parts of a backup, given a private key of one of its recipients.

    Of a backup without a data key that is the given key itself. Raises :class:`KeyMissing`
    when no wrap opens with it, :class:`DamagedBackup` when no wrap is whole.
    """
    if manifest.data_key is None:
        return identities
    return Identities.of(private(repository, manifest, identities))


def private(repository: Repository, manifest: Manifest, identities: Identities | None) -> str:
    """The private half of a backup's data key. Raises as :func:`opened`."""
    if identities is None:
        raise KeyMissing(f'"{manifest.id}" is encrypted', hint="name the key file: --identity FILE")
    damaged: list[str] = []
    there = wraps(repository, manifest.id)
    for each in there:
        try:
            return unwrap(repository, manifest, each, identities)
        except KeyMissing:
            continue
        except (DamagedBackup, ObjectMissing) as error:
            damaged.append(error.message)
    if not there:
        raise DamagedBackup(f'the wrapped key of "{manifest.id}" is missing')
    if damaged:
        raise DamagedBackup(f"{damaged[0]}, and no other opens with the given key")
    raise KeyMissing(f'"{manifest.id}" is encrypted for other keys than the given ones')


def unwrap(repository: Repository, manifest: Manifest, each: Wrap, identities: Identities) -> str:
    """Open one wrap. Raises :class:`KeyMissing`, or :class:`DamagedBackup` when it does not
    hold the key that the parts were encrypted for.
    """
    held = io.BytesIO()
    identities.decrypt(io.BytesIO(_sound(repository, each)), held, each.object)
    try:
        text = held.getvalue().decode("ascii")
        found = Identities.of(text)
    except (UnicodeDecodeError, BackupError):
        raise DamagedBackup(f'"{each.object}" holds no key') from None
    if found.public != (manifest.data_key,):
        raise DamagedBackup(f'"{each.object}" holds the key of another backup')
    return text


def problems(repository: Repository, manifest: Manifest) -> Iterator[str]:
    """What is wrong with the wraps of a backup, as far as can be told without a key."""
    if manifest.data_key is None:
        return
    there = wraps(repository, manifest.id)
    if not there:
        yield f'the wrapped key of "{manifest.id}" is missing'
    for each in there:
        try:
            _sound(repository, each)
        except (DamagedBackup, ObjectMissing) as error:
            yield error.message


def is_sound(repository: Repository, each: Wrap) -> bool:
    """Whether a wrap is as it was stored."""
    try:
        return bool(_sound(repository, each))
    except (DamagedBackup, ObjectMissing):
        return False


def _sound(repository: Repository, each: Wrap) -> bytes:
    data = repository.read(each.object)
    if hashlib.sha256(data).hexdigest()[:16] != each.sha256:
        raise DamagedBackup(f'the wrapped key "{each.object}" is not what was stored')
    return data
