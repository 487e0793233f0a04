"""A lease is held by one; that of a dead holder runs out."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from querysafe.backup import lease as leases
from querysafe.backup.errors import Busy
from querysafe.backup.lease import lease
from querysafe.backup.repository import Repository, open_repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return open_repository(str(tmp_path / "store"), create=True)


def test_a_second_holder_is_refused_until_the_first_ends(repository: Repository) -> None:
    with lease(repository, "backup"):
        with pytest.raises(Busy, match="running already"), lease(repository, "backup"):
            pass
        with lease(repository, "another"):
            assert len(list(repository.entries("leases/"))) == 2
    assert list(repository.entries("leases/")) == []
    with lease(repository, "backup"):
        assert len(list(repository.entries("leases/"))) == 1


def test_the_lease_of_a_dead_holder_runs_out(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lease(repository, "backup", backup="b1"):
        (entry,) = repository.entries("leases/")
        held = repository.read(entry.name)
    repository.put_once(entry.name, held)
    with pytest.raises(Busy), lease(repository, "backup"):
        pass
    monkeypatch.setattr(leases, "LASTS", timedelta(seconds=-1))
    repository.replace(entry.name, leases._written(json.loads(held)))
    monkeypatch.undo()
    with lease(repository, "backup") as left:
        assert left == "b1"
        assert repository.read(entry.name) != held


def _left_by_another(repository: Repository, **changed: object) -> None:
    with lease(repository, "backup", backup="b1", server="s1"):
        (entry,) = repository.entries("leases/")
        held = json.loads(repository.read(entry.name))
    repository.put_once(entry.name, json.dumps({**held, **changed}).encode())


def test_the_lease_of_a_process_that_has_ended_is_taken_over_at_once(
    repository: Repository,
) -> None:
    _left_by_another(repository, process=[os.getpid(), 1])
    with lease(repository, "backup") as left:
        assert left == "b1"


def test_a_process_of_another_machine_is_not_taken_for_dead(repository: Repository) -> None:
    _left_by_another(repository, process=[os.getpid(), 1], boot="another", holder="there:1")
    with pytest.raises(Busy, match="by there:1"), lease(repository, "backup", server="s2"):
        pass


def test_who_holds_the_advisory_lock_of_the_same_server_takes_the_lease_over(
    repository: Repository,
) -> None:
    _left_by_another(repository, boot="another", holder="there:1")
    with lease(repository, "backup", server="s1") as left:
        assert left == "b1"
