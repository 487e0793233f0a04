"""What is particular to a repository in a directory."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from querysafe.backup.errors import ObjectMissing, RepositoryError
from querysafe.backup.repository import Repository, open_repository

REMAINS = f"a/.unfinished-{'0' * 16}-b"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return open_repository(str(tmp_path / "store"), create=True)


@pytest.mark.parametrize("location", ["", " "])
def test_an_empty_variable_of_a_shell_is_no_repository(location: str) -> None:
    with pytest.raises(RepositoryError, match="has no name"):
        open_repository(location, create=True)


def test_remains_of_a_dead_writer_are_swept(repository: Repository) -> None:
    remains = Path(repository.location, REMAINS)
    remains.parent.mkdir()
    remains.write_bytes(b"1")
    assert repository.sweep(datetime.now(UTC) - timedelta(hours=1)) == ()
    assert repository.sweep(spare=("a/",)) == ()
    assert repository.sweep(below="b/") == ()
    assert repository.sweep(datetime.now(UTC) + timedelta(hours=1)) == (REMAINS,)
    assert not remains.exists()


def test_what_a_living_writer_holds_is_never_swept(repository: Repository) -> None:
    with repository.create("a/b") as writer:
        writer.write(b"1")
        assert repository.sweep() == ()
    assert repository.read("a/b") == b"1"


def test_a_hidden_file_of_somebody_else_is_never_swept(repository: Repository) -> None:
    mine = Path(repository.location, ".unfinished-letter")
    mine.write_bytes(b"dear")
    assert repository.sweep() == ()
    assert mine.read_bytes() == b"dear"


def test_files_are_for_their_owner_only(repository: Repository) -> None:
    repository.put_once("a/b", b"1")
    path = Path(repository.location, "a/b")
    assert [each.stat().st_mode & 0o077 for each in (path, path.parent)] == [0, 0]


def test_without_hard_links_an_object_is_still_published_once(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_paths: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    repository.put_once("a", b"1")
    assert repository.read("a") == b"1"
    with pytest.raises(RepositoryError, match="exists already"):
        repository.put_once("a", b"2")
    assert [each.name for each in repository.entries()] == ["a"]


@pytest.mark.parametrize(("mode", "folder", "file"), [(0o777, 0o777, 0o666), (0o770, 0o770, 0o660)])
def test_where_others_may_write_they_share_what_is_written(
    repository: Repository, mode: int, folder: int, file: int
) -> None:
    Path(repository.location).chmod(mode)
    repository.put_once("a/b/c", b"1")
    path = Path(repository.location, "a/b/c")
    found = [each.stat().st_mode & 0o777 for each in (path, path.parent, path.parent.parent)]
    assert found == [file, folder, folder]


def test_a_folder_that_somebody_prunes_at_the_last_moment_is_made_again(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Path.mkdir

    def pruned(path: Path, *arguments: object, **named: object) -> None:
        make(path, *arguments, **named)  # type: ignore[arg-type]
        monkeypatch.undo()
        path.rmdir()

    monkeypatch.setattr(Path, "mkdir", pruned)
    repository.put_once("a/b", b"1")
    assert repository.read("a/b") == b"1"


def test_a_repository_that_goes_away_is_not_made_again(repository: Repository) -> None:
    Path(repository.location).rmdir()
    with pytest.raises(RepositoryError, match="No such file"):
        repository.put_once("a/b", b"1")
    assert not Path(repository.location).exists()


def test_what_is_no_file_is_neither_an_object_nor_waited_for(repository: Repository) -> None:
    repository.put_once("a/b", b"1")
    folder = Path(repository.location, "a")
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    (folder / "circle").symlink_to(folder / "circle")
    assert [entry.name for entry in repository.entries()] == ["a/b"]
    for name in ("a/pipe", "a/folder"):
        with pytest.raises(ObjectMissing, match="is no file"):
            repository.read(name)
