"""What every repository promises, shown on a directory."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from querysafe.backup.errors import ObjectExists, ObjectMissing, RepositoryError
from querysafe.backup.repository import Repository, open_repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return open_repository(str(tmp_path / "store"), create=True)


def test_an_object_is_published_when_its_writer_ends_well(repository: Repository) -> None:
    with repository.create("a/b") as writer:
        writer.write(b"one")
        assert not repository.exists("a/b")
        writer.write(b"two")
    assert repository.read("a/b") == b"onetwo"


def test_an_error_leaves_nothing(repository: Repository) -> None:
    with pytest.raises(ValueError, match="stop"), repository.create("a/b") as writer:
        writer.write(b"one")
        raise ValueError("stop")
    assert list(repository.entries()) == []
    assert repository.sweep(datetime.now(UTC) + timedelta(days=1)) == ()


def test_an_object_is_put_once_and_replaced(repository: Repository) -> None:
    repository.put_once("a", b"1")
    with pytest.raises(ObjectExists):
        repository.put_once("a", b"2")
    with pytest.raises(ObjectExists):
        repository.create("a")
    assert repository.read("a") == b"1"
    repository.replace("a", b"3")
    assert repository.read("a") == b"3"


def test_a_listing_is_sorted_and_begins_with_the_prefix(repository: Repository) -> None:
    for name in ("b/2", "a/1", "b/10", "c"):
        repository.put_once(name, b"xy")
    assert [each.name for each in repository.entries()] == ["a/1", "b/10", "b/2", "c"]
    assert [(each.name, each.size) for each in repository.entries("b/1")] == [("b/10", 2)]
    assert list(repository.entries("nowhere/")) == []


def test_a_missing_object_is_told_and_deleting_it_is_no_error(repository: Repository) -> None:
    with pytest.raises(ObjectMissing):
        repository.open("a/b")
    repository.delete("a/b")
    repository.put_once("a/b", b"1")
    repository.delete("a/b")
    repository.delete("a/b")
    assert not repository.exists("a/b")


@pytest.mark.parametrize("name", ["../a", "a/../b", "/a", "a//b", "", ".a", "a/", "a\n"])
def test_a_name_that_leaves_the_repository_is_refused(repository: Repository, name: str) -> None:
    with pytest.raises(RepositoryError):
        repository.put_once(name, b"1")
    with pytest.raises(RepositoryError):
        repository.open(name)


def test_remains_of_a_dead_writer_are_swept(repository: Repository) -> None:
    remains = Path(repository.location, "a", ".unfinished-1-b")
    remains.parent.mkdir()
    remains.write_bytes(b"1")
    assert repository.sweep(datetime.now(UTC) - timedelta(hours=1)) == ()
    assert repository.sweep(datetime.now(UTC) + timedelta(hours=1)) == ("a/.unfinished-1-b",)
    assert not remains.exists()
