"""The WAL archive: pushed once, proven when fetched."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from querysafe.backup.errors import BackupError, DamagedBackup, ObjectMissing, RepositoryError
from querysafe.backup.keys import Identities, Recipients, generate
from querysafe.backup.repository import Repository, Writer, open_repository
from querysafe.backup.wal import archive, cluster

NAME = "000000010000000000000003"
SIZE = 2**20


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return open_repository(str(tmp_path / "store"), create=True)


def segment(
    folder: Path, filler: bytes = b"x", name: str = NAME, *, number: int = 3, system: int = 77
) -> Path:
    folder.mkdir(exist_ok=True)
    header = bytearray(40)
    header[2:4] = (2).to_bytes(2, "little")
    header[8:16] = (number * SIZE).to_bytes(8, "little")
    header[24:32] = system.to_bytes(8, "little")
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
    assert cluster.known(repository) == ("77",)
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
    path.write_bytes(bytes(SIZE))
    with pytest.raises(BackupError, match="no WAL segment"):
        archive.push(repository, path)


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


def test_the_time_of_the_servers_last_write_is_kept(repository: Repository, tmp_path: Path) -> None:
    path = segment(tmp_path)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    archive.push(repository, path)
    assert archive.find(repository, NAME).closed == datetime.fromtimestamp(1_700_000_000, UTC)
    later = segment(tmp_path, name=NAME[:-1] + "4", number=4)
    os.utime(later, (4_000_000_000, 4_000_000_000))
    archive.push(repository, later)
    closed = archive.find(repository, later.name).closed
    assert closed is not None
    assert closed <= datetime.now(UTC)


def test_a_strange_cluster_is_refused_until_it_is_backed_up_here(
    repository: Repository, tmp_path: Path
) -> None:
    archive.push(repository, segment(tmp_path / "one"))
    stranger = segment(tmp_path / "two", system=78)
    with pytest.raises(BackupError, match="archive of another cluster: 77, this is 78"):
        archive.push(repository, stranger)
    assert [file.name for file in archive.files(repository, "78")] == []
    cluster.note(repository, "78")
    assert archive.push(repository, stranger)[1] is False
    with pytest.raises(BackupError, match="several clusters"):
        archive.find(repository, NAME)
    assert archive.find(repository, NAME, "78").name == NAME


def test_two_that_push_at_once_are_not_both_believed(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = segment(tmp_path / "one"), segment(tmp_path / "two", b"y")
    create = repository.create

    def after_another(name: str) -> Writer:
        monkeypatch.undo()
        archive.push(repository, other)
        return create(name)

    monkeypatch.setattr(repository, "create", after_another)
    with pytest.raises(BackupError, match="other contents, which are kept"):
        archive.push(repository, mine)
    assert archive.fetch(repository, archive.find(repository, NAME)) == other.read_bytes()


def test_two_files_of_one_name_are_not_chosen_from(repository: Repository, tmp_path: Path) -> None:
    archive.push(repository, segment(tmp_path))
    found = archive.find(repository, NAME)
    repository.put_once(found.object.replace(found.sha256, "0" * 64), b"x")
    with pytest.raises(DamagedBackup, match="two different files"):
        archive.find(repository, NAME)


def test_absence_is_proven_by_what_else_is_there(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no WAL of any cluster"):
        archive.find(repository, NAME)
    for number in (3, 5):
        archive.push(repository, segment(tmp_path, name=f"{NAME[:-1]}{number}", number=number))
    for absent in (f"{NAME[:-1]}6", f"{NAME[:-1]}2", "000000020000000000000004"):
        with pytest.raises(ObjectMissing):
            archive.find(repository, absent)
    with pytest.raises(DamagedBackup, match="is missing from the archive"):
        archive.find(repository, f"{NAME[:-1]}4")


def test_a_cluster_that_was_only_backed_up_has_lost_no_wal(
    repository: Repository, tmp_path: Path
) -> None:
    cluster.note(repository, "77")
    for absent in (NAME, "00000002.history"):
        with pytest.raises(ObjectMissing):
            archive.find(repository, absent)
    with pytest.raises(BackupError, match="no WAL of the cluster 78"):
        archive.find(repository, NAME, "78")
    archive.push(repository, segment(tmp_path))
    repository.delete(archive.find(repository, NAME).object)
    with pytest.raises(BackupError, match="no WAL of the cluster 77"):
        archive.find(repository, NAME)


def test_a_history_belongs_to_the_cluster_beside_it_or_to_the_only_one(
    repository: Repository, tmp_path: Path
) -> None:
    (tmp_path / "pg_wal").mkdir()
    history = tmp_path / "pg_wal" / "00000002.history"
    history.write_text("1\t0/3000000\tno recovery target specified\n")
    with pytest.raises(BackupError, match="says to what cluster"):
        archive.push(repository, history)
    archive.push(repository, segment(tmp_path))
    assert archive.push(repository, history)[0].startswith("wal/77/history/")
    (tmp_path / "global").mkdir()
    (tmp_path / "global" / "pg_control").write_bytes((78).to_bytes(8, "little"))
    with pytest.raises(BackupError, match="archive of another cluster"):
        archive.push(repository, history)
    history.write_text("gibberish\n")
    with pytest.raises(BackupError, match="no history of a timeline"):
        archive.push(repository, history)


def test_a_repository_that_is_gone_is_made_for_the_first_file_only(tmp_path: Path) -> None:
    path = segment(tmp_path / "pg_wal")
    place = tmp_path / "store"
    with pytest.raises(RepositoryError, match="does not exist"):
        cluster.repository_for(str(place / "below"), path)
    archive.push(cluster.repository_for(str(place), path), path)
    (path.parent / "archive_status").mkdir()
    (path.parent / "archive_status" / f"{NAME}.done").touch()
    place.rename(tmp_path / "away")
    with pytest.raises(RepositoryError, match="does not exist"):
        cluster.repository_for(str(place), path)
    assert not place.exists()
