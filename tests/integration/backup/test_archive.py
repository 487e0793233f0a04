"""The WAL archive: pushed once, proven when fetched."""

from pathlib import Path

import pytest

from querysafe.backup.errors import BackupError, DamagedBackup, ObjectMissing
from querysafe.backup.keys import Identities, Recipients, generate
from querysafe.backup.repository import Repository, open_repository
from querysafe.backup.wal import archive

NAME = "000000010000000000000003"
SIZE = 2**20


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return open_repository(str(tmp_path / "store"), create=True)


def segment(folder: Path, filler: bytes = b"x", name: str = NAME) -> Path:
    folder.mkdir(exist_ok=True)
    header = bytearray(40)
    header[2:4] = (2).to_bytes(2, "little")
    header[8:16] = (3 * SIZE).to_bytes(8, "little")
    header[24:32] = (77).to_bytes(8, "little")
    header[32:36] = SIZE.to_bytes(4, "little")
    path = folder / name
    path.write_bytes(bytes(header) + filler * (SIZE - 40))
    return path


def test_a_segment_is_pushed_once_and_fetched(repository: Repository, tmp_path: Path) -> None:
    path = segment(tmp_path / "one")
    place, was_there = archive.push(repository, path)
    assert not was_there
    assert archive.push(repository, path) == (place, True)
    found = archive.find(repository, NAME)
    assert archive.systems(repository) == ("77",)
    assert archive.fetch(repository, found) == path.read_bytes()


def test_another_file_of_the_same_name_is_refused(repository: Repository, tmp_path: Path) -> None:
    archive.push(repository, segment(tmp_path / "one"))
    with pytest.raises(BackupError, match="other contents"):
        archive.push(repository, segment(tmp_path / "two", b"y"))


def test_a_segment_that_lies_or_is_cut_is_refused(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="another segment"):
        archive.push(repository, segment(tmp_path, name="000000010000000000000004"))
    path = segment(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BackupError, match="not whole"):
        archive.push(repository, path)
    assert list(repository.entries()) == []


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_damaged_object_is_refused(
    repository: Repository, tmp_path: Path, encrypted: bool
) -> None:
    public, private = generate()
    (tmp_path / "key").write_text(private)
    identities = Identities.read(tmp_path / "key")
    path = segment(tmp_path)
    archive.push(repository, path, recipients=Recipients.parse([public]) if encrypted else None)
    found = archive.find(repository, NAME)
    assert found.is_encrypted is encrypted
    assert archive.fetch(repository, found, identities) == path.read_bytes()
    data = repository.read(found.object)
    for damaged in (data[:-1], data + b"x"):
        repository.replace(found.object, damaged)
        with pytest.raises(DamagedBackup):
            archive.fetch(repository, found, identities)


def test_a_file_that_was_never_archived_is_missing(repository: Repository) -> None:
    with pytest.raises(ObjectMissing):
        archive.find(repository, NAME)
