"""How work ended is remembered in the repository, whatever ended it."""

from pathlib import Path

import pytest

from querysafe.backup.errors import BackupError, Busy
from querysafe.backup.outcomes import Outcome, noted, outcomes
from querysafe.backup.repository import Repository, open_repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return open_repository(str(tmp_path / "backups"), create=True)


def the(repository: Repository) -> Outcome:
    (found,) = outcomes(repository)
    return found


def test_failures_are_counted_until_the_work_succeeds(repository: Repository) -> None:
    for count in (1, 2):
        with pytest.raises(BackupError), noted(repository, "create", "logical shop"):
            raise BackupError("the server is away")
        assert the(repository).failures == count
    assert the(repository).words == "the server is away"
    with noted(repository, "create", "logical shop"):
        pass
    assert not the(repository).is_failing
    assert the(repository).failed is not None


def test_a_time_limit_is_remembered_without_its_words(repository: Repository) -> None:
    with pytest.raises(TimeoutError), noted(repository, "drill", "logical"):
        raise TimeoutError("password=secret")
    assert the(repository).words == "it was ended by TimeoutError"


def test_work_that_another_does_already_has_no_outcome(repository: Repository) -> None:
    with pytest.raises(Busy), noted(repository, "create", "logical shop"):
        raise Busy("a backup is running already")
    assert outcomes(repository) == ()


def test_what_was_found_wrong_counts_though_nothing_is_raised(repository: Repository) -> None:
    with noted(repository, "verify", "logical") as noting:
        noting.failed("a byte is wrong")
    assert the(repository).is_failing
