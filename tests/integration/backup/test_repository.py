"""What every repository promises: one suite over a directory and an S3 bucket."""

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from querysafe.backup.errors import ObjectExists, ObjectMissing, RepositoryError
from querysafe.backup.repository import Repository, open_repository, s3
from tests.integration.backup.s3 import BUCKET


@pytest.fixture(params=["directory", "S3"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    if request.param == "directory":
        return open_repository(str(tmp_path / "store"), create=True)
    request.getfixturevalue("s3_environment")
    return open_repository(f"s3://{BUCKET}/{secrets.token_hex(8)}")


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
    assert repository.sweep() == ()


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


def test_a_large_object_comes_back_and_an_error_in_its_middle_leaves_nothing(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "PART_BYTES", 5 * 2**20)
    data = bytes(range(256)) * (12 * 2**12)
    with repository.create("a/b") as writer:
        for start in range(0, len(data), 2**20):
            writer.write(memoryview(data)[start : start + 2**20])
    assert repository.read("a/b") == data
    with pytest.raises(ValueError, match="stop"), repository.create("c") as writer:
        writer.write(data)
        raise ValueError("stop")
    assert [each.name for each in repository.entries()] == ["a/b"]
    assert repository.sweep() == ()


def test_what_was_written_has_its_size_and_a_time_with_an_offset(repository: Repository) -> None:
    repository.put_once("a/b", b"123")
    (entry,) = repository.entries("a/")
    assert (entry.name, entry.size) == ("a/b", 3)
    assert abs(entry.modified - datetime.now(UTC)) < timedelta(minutes=1)
    assert repository.exists("a/b")
    assert not repository.exists("a/c")


def test_an_object_that_vanishes_or_was_never_there_is_missing(repository: Repository) -> None:
    with pytest.raises(ObjectMissing, match="a/b"):
        repository.read("a/b")


def test_an_empty_object_is_an_object(repository: Repository) -> None:
    repository.replace("a", b"")
    assert repository.exists("a")
    assert repository.read("a") == b""


def test_little_patience_reads_and_deletes_the_same(repository: Repository) -> None:
    repository.put_once("a", b"1")
    hurried = repository.hurried()
    assert hurried.read("a") == b"1"
    hurried.delete("a")
    assert not repository.exists("a")
