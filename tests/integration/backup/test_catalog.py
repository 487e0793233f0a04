"""What a repository shows of its backups."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from querysafe.backup import catalog
from querysafe.backup.errors import BackupError
from querysafe.backup.repository import Repository, open_repository
from tests.unit.backup.test_manifest import ID, PART, SOUND

LATER = "20260201T120000Z-0123abcd"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return open_repository(str(tmp_path / "store"), create=True)


def test_a_whole_a_damaged_and_an_unfinished_backup_are_told_apart(repository: Repository) -> None:
    place = catalog.place(ID, PART.name)
    repository.put_once(place, b"12")
    assert [each.status for each in catalog.listing(repository)] == ["unfinished"]
    catalog.publish(repository, SOUND)
    assert [each.status for each in catalog.listing(repository)] == ["ok"]
    assert catalog.find(repository, "latest") == SOUND
    repository.replace(place, b"1")
    (found,) = catalog.listing(repository)
    assert found.status == "damaged"
    assert "1 bytes instead of 2" in found.problem
    with pytest.raises(BackupError, match="no whole backup"):
        catalog.find(repository, "latest")


def test_the_newest_comes_first_and_a_removed_one_is_gone(repository: Repository) -> None:
    later = replace(SOUND, id=LATER, started=SOUND.started + timedelta(days=1))
    for manifest in (SOUND, later):
        repository.put_once(catalog.place(manifest.id, PART.name), b"12")
        catalog.publish(repository, manifest)
    assert [each.id for each in catalog.listing(repository)] == [LATER, ID]
    catalog.remove(repository, LATER)
    assert [entry.name.split("/")[1] for entry in repository.entries()] == [ID, ID]


def test_a_drill_counts_when_it_passed(repository: Repository) -> None:
    repository.put_once(catalog.place(ID, PART.name), b"12")
    catalog.publish(repository, SOUND)
    catalog.note_drill(repository, ID, {"passed": False, "ended": "2026-02-01T00:00:00+00:00"})
    assert catalog.listing(repository)[0].verified is None
    catalog.note_drill(repository, ID, {"passed": True, "ended": "2026-02-01T00:00:00+00:00"})
    assert catalog.listing(repository)[0].verified == datetime(2026, 2, 1, tzinfo=UTC)


def test_what_a_dead_backup_left_is_swept_after_a_day(repository: Repository) -> None:
    place = catalog.place(ID, PART.name)
    repository.put_once(place, b"12")
    now = datetime.now(UTC)
    assert catalog.sweep(repository, now) == ()
    assert catalog.sweep(repository, now + timedelta(hours=25)) == (place,)
    assert list(repository.entries()) == []
