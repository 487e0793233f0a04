"""The archive of a base backup is held against the server's own list of files."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from querysafe.backup import catalog, data_key, streams
from querysafe.backup.base.extract import examine, extract
from querysafe.backup.errors import DamagedBackup
from querysafe.backup.keys import Identities, Recipients, generate
from querysafe.backup.manifest import Manifest
from querysafe.backup.repository import Repository, open_repository
from querysafe.backup.steps import Steps
from querysafe.backup.verify import verify
from tests.unit.backup.test_manifest import SOUND

PUBLIC, PRIVATE = generate()
FILES = {"base/5/1259": b"pages" * 40_000, "PG_VERSION": b"15\n", "base/5/empty": b""}
Read = Callable[[Repository, Manifest, Path], None]


def unpacked(repository: Repository, manifest: Manifest, folder: Path) -> None:
    identities = Identities.of(PRIVATE)
    extract(repository, manifest, folder, identities=identities, steps=Steps())


def examined(repository: Repository, manifest: Manifest, folder: Path) -> None:
    keys = data_key.opened(repository, manifest, Identities.of(PRIVATE))
    examine(repository, manifest, keys, lambda _: None)
    assert list(folder.iterdir()) == []


both = pytest.mark.parametrize("read", [unpacked, examined])


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return open_repository(str(tmp_path / "store"), create=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "restored").mkdir()
    return tmp_path / "restored"


def listing(**changed: str) -> bytes:
    """A ``backup_manifest``, with the hashes of some files changed."""
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()} | changed
    files = [
        {"Path": name, "Checksum-Algorithm": "SHA256", "Checksum": digest}
        for name, digest in hashes.items()
    ]
    return json.dumps({"Files": files}).encode()


def backup(
    repository: Repository,
    listed: bytes | None,
    *,
    told: bytes | None = None,
    link: bool = False,
    encrypted: bool = False,
) -> Manifest:
    """Store a base backup with a list of files within it, and one told beside it."""
    held = io.BytesIO()
    inside = FILES if listed is None else {**FILES, "backup_manifest": listed}
    with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in inside.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        if link:
            member = tarfile.TarInfo("pg_wal")
            member.type, member.linkname = tarfile.SYMTYPE, "/elsewhere"
            tar.addfile(member)
    keys = data_key.make(repository, SOUND.id, Recipients.parse([PUBLIC])) if encrypted else None
    parts = []
    given = {"base.tar.zst": held.getvalue(), "files.json.zst": told or listed or b"{}"}
    for name, data in given.items():
        with repository.create(catalog.place(SOUND.id, name)) as writer:
            parts.append(streams.store(io.BytesIO(data), writer, name=name, recipients=keys))
    return replace(
        SOUND,
        kind="base",
        parts=tuple(parts),
        encryption="age" if keys else "none",
        data_key=keys.names[0] if keys else None,
    )


@both
@pytest.mark.parametrize("encrypted", [False, True])
def test_what_the_list_says_is_there(
    repository: Repository, folder: Path, read: Read, encrypted: bool
) -> None:
    read(repository, backup(repository, listing(), encrypted=encrypted), folder)
    if read is unpacked:
        assert {name: (folder / name).read_bytes() for name in FILES} == FILES


@both
@pytest.mark.parametrize(
    ("listed", "said"),
    [
        (listing(PG_VERSION="0" * 64), '"PG_VERSION" of .* is not what was backed up'),
        (listing(lost="0" * 64), '"lost" of .* is missing'),
        (None, '"backup_manifest" of .* is missing'),
        (b"no list", "cannot be read"),
        (b'{"Files": [{}]}', "cannot be read"),
    ],
)
def test_what_the_list_says_otherwise_is_damage(
    repository: Repository, folder: Path, read: Read, listed: bytes | None, said: str
) -> None:
    with pytest.raises(DamagedBackup, match=said):
        read(repository, backup(repository, listed), folder)


@both
def test_a_link_is_refused(repository: Repository, folder: Path, read: Read) -> None:
    with pytest.raises(DamagedBackup, match="does not belong there"):
        read(repository, backup(repository, listing(), link=True), folder)


@both
@pytest.mark.parametrize("where", [0.2, 0.5, 0.9])
def test_a_flipped_bit_is_damage(
    repository: Repository, folder: Path, read: Read, where: float
) -> None:
    manifest = backup(repository, listing())
    place = catalog.place(SOUND.id, manifest.part("base").name)
    data = bytearray(repository.read(place))
    data[int(where * len(data))] ^= 1
    repository.replace(place, bytes(data))
    with pytest.raises(DamagedBackup):
        read(repository, manifest, folder)


def test_verify_tells_a_list_that_is_another_and_an_archive_that_is_another(
    repository: Repository,
) -> None:
    manifest = backup(repository, listing(), told=b"another")
    (said,) = verify(repository, manifest, wal=False).problems
    assert "is not that of its archive" in said
    base, files = manifest.parts
    other = replace(manifest, parts=(replace(base, raw_sha256="0" * 64), files))
    (said,) = verify(repository, other, wal=False).problems
    assert "does not hold what was backed up" in said
