"""A lease is held by one; that of a dead holder runs out."""

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
    with lease(repository, "backup"):
        (entry,) = repository.entries("leases/")
        held = repository.read(entry.name)
    repository.put_once(entry.name, held)
    with pytest.raises(Busy), lease(repository, "backup"):
        pass
    monkeypatch.setattr(leases, "LASTS", timedelta(seconds=-1))
    repository.replace(entry.name, leases._written("backup", "dead"))
    monkeypatch.undo()
    with lease(repository, "backup"):
        assert repository.read(entry.name) != held
