"""What a repository shows of its backups."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from querysafe.backup import catalog, verdicts
from querysafe.backup.errors import BackupError, DamagedBackup
from querysafe.backup.lease import lease
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


def _aged(repository: Repository, name: str, by: timedelta) -> None:
    path = Path(repository.location, name)
    then = path.stat().st_mtime - by.total_seconds()
    os.utime(path, (then, then))


def test_what_a_dead_backup_left_is_swept_after_a_day_and_nothing_beside_it(
    repository: Repository,
) -> None:
    place, foreign = catalog.place(ID, PART.name), catalog.place(ID, "notes.txt")
    repository.put_once(place, b"12")
    repository.put_once(foreign, b"mine")
    repository.put_once(catalog.place(LATER, PART.name), b"12")
    now = datetime.now(UTC)
    assert catalog.sweep(repository, now) == ()
    for name in (place, foreign):
        _aged(repository, name, timedelta(hours=25))
    assert catalog.sweep(repository, now) == (place,)
    assert repository.read(foreign) == b"mine"


def test_a_clock_that_jumps_declares_no_backup_dead(repository: Repository) -> None:
    place = catalog.place(ID, PART.name)
    repository.put_once(place, b"12")
    for days in (-4000, 4000):
        assert catalog.sweep(repository, datetime.now(UTC) + timedelta(days=days)) == ()
    assert repository.exists(place)


def test_a_living_lease_protects_what_its_backup_stored(repository: Repository) -> None:
    place = catalog.place(ID, PART.name)
    repository.put_once(place, b"12")
    _aged(repository, place, timedelta(days=3))
    with lease(repository, "backup", backup=ID):
        assert catalog.sweep(repository, datetime.now(UTC)) == ()
    repository.put_once("leases/another", b"{}")
    assert catalog.sweep(repository, datetime.now(UTC)) == (place,)


def test_files_that_a_backup_did_not_store_survive_its_removal(repository: Repository) -> None:
    repository.put_once(catalog.place(ID, PART.name), b"12")
    catalog.publish(repository, SOUND)
    repository.put_once(catalog.place(ID, "notes.txt"), b"mine")
    catalog.remove(repository, ID)
    assert [entry.name for entry in repository.entries()] == [catalog.place(ID, "notes.txt")]


def test_a_locked_backup_says_so_until_it_is_unlocked(repository: Repository) -> None:
    repository.put_once(catalog.place(ID, PART.name), b"12")
    catalog.publish(repository, SOUND)
    catalog.lock(repository, ID)
    assert catalog.listing(repository)[0].is_locked
    catalog.unlock(repository, ID)
    assert not catalog.listing(repository)[0].is_locked


def test_a_backup_that_a_look_found_damaged_is_so_until_a_look_finds_it_sound(
    repository: Repository,
) -> None:
    repository.put_once(catalog.place(ID, PART.name), b"12")
    catalog.publish(repository, SOUND)
    now = datetime.now(UTC)
    verdicts.note(repository, ID, now=now, problems=("a bit is wrong",))
    (found,) = catalog.listing(repository)
    assert (found.status, found.problem) == ("damaged", "a bit is wrong")
    verdicts.note(repository, ID, now=now)
    (found,) = catalog.listing(repository)
    assert (found.status, found.verdict.checked, found.verified) == ("ok", now, None)
    verdicts.note(repository, ID, now=now, restored=True)
    assert catalog.listing(repository)[0].verified == now


def test_a_part_that_was_put_back_takes_back_what_a_look_found(repository: Repository) -> None:
    repository.put_once(catalog.place(ID, PART.name), b"12")
    catalog.publish(repository, SOUND)
    _aged(repository, catalog.place(ID, PART.name), timedelta(hours=1))
    verdicts.note(repository, ID, now=datetime.now(UTC), problems=("a bit is wrong",))
    assert catalog.listing(repository)[0].status == "damaged"
    with pytest.raises(BackupError, match=f'no whole backup .*"{ID}" is damaged: a bit is wrong'):
        catalog.newest(repository)
    assert catalog.find(repository, "latest") == SOUND, "who restores reads every byte again"
    _aged(repository, f"verified/{ID}.json", timedelta(minutes=5))
    repository.replace(catalog.place(ID, PART.name), b"34")
    assert catalog.listing(repository)[0].status == "ok"


def test_latest_does_not_pass_over_a_newer_one_whose_manifest_is_damaged_when_it_is_looked_at(
    repository: Repository,
) -> None:
    repository.put_once(catalog.place(ID, PART.name), b"12")
    catalog.publish(repository, SOUND)
    repository.put_once(catalog.place(LATER, "manifest.json"), b"{}")
    assert catalog.find(repository, "latest") == SOUND
    assert [each.id for each in catalog.passed_over(repository, SOUND)] == [LATER]
    with pytest.raises(DamagedBackup, match=LATER):
        catalog.claimed(repository, "latest")
