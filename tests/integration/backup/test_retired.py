"""What is no more is not missed, until it is backed up again."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from querysafe.backup import catalog
from querysafe.backup.manifest import Manifest
from querysafe.backup.promise import look
from querysafe.backup.repository import Repository, open_repository
from tests.integration.backup.cli import run
from tests.unit.backup.test_manifest import PART, SOUND

NOW = SOUND.started + timedelta(days=2)
FRESH = NOW - timedelta(hours=1)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return open_repository(str(tmp_path), create=True)


def made(repository: Repository, at: datetime, **facts: str) -> Manifest:
    id = f"{at:%Y%m%dT%H%M%SZ}-{len(tuple(repository.entries())):08x}"
    manifest = replace(SOUND, id=id, started=at, ended=at, **facts)
    repository.put_once(catalog.place(id, PART.name), b"12")
    catalog.publish(repository, manifest)
    return manifest


def broken(repository: Repository) -> list[str]:
    return [each.subject for each in look(repository, now=NOW).broken]


def test_a_database_that_is_retired_is_not_missed_until_it_is_backed_up_again(
    repository: Repository,
) -> None:
    old = made(repository, SOUND.started, database="shop")
    made(repository, FRESH, database="other")
    assert broken(repository) == ['"shop"']
    words = ("--repository", repository.location, "--id", old.id)
    said = run("retire", *words).stdout
    assert said == '"shop" of the cluster 7 is retired\n'
    assert broken(repository) == []
    assert look(repository, now=NOW).retired == ('"shop" of the cluster 7',)
    run("retire", *words, "--undo")
    assert broken(repository) == ['"shop"']


def test_a_cluster_is_retired_with_its_databases_and_another_of_the_same_names_is_not(
    repository: Repository,
) -> None:
    base = made(repository, SOUND.started, kind="base", database="")
    made(repository, SOUND.started, database="shop")
    made(repository, SOUND.started, database="shop", system_identifier="8")
    run("retire", "--repository", repository.location, "--id", base.id)
    found = look(repository, now=NOW)
    assert [(each.database, each.system) for each in found.kept] == [("shop", "8")]
    assert [each.subject for each in found.broken] == ['"shop"']


def test_a_backup_that_is_made_later_takes_a_retirement_back(repository: Repository) -> None:
    old = made(repository, SOUND.started, database="shop")
    run("retire", "--repository", repository.location, "--id", old.id)
    later = datetime.now(old.started.tzinfo) + timedelta(minutes=1)
    made(repository, later, database="shop")
    found = look(repository, now=later + timedelta(days=3))
    assert {each.subject for each in found.broken} == {'"shop"'}
    assert found.retired == ()
