"""``[tool.querysafe.backup]`` is read whole, and what is wrong in it is named."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from querysafe.backup.settings import SCHEDULE, load, read
from querysafe.errors import SettingsError


def test_what_is_not_said_has_a_default() -> None:
    settings = read({}, environ={})
    assert (settings.daily, settings.weekly, settings.monthly) == (7, 4, 12)
    assert settings.schedule == SCHEDULE
    assert settings.promise.max_wal_lag is None


def test_the_nearest_project_above_is_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        """
[tool.querysafe.backup]
repository = "s3://backups/shop"
kinds = ["logical", "base"]
max_age = "50h"
max_wal_lag = "10m"
schedule = {create = "0 3 * * *"}
"""
    )
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    settings = load(below, environ={})
    assert settings.repository == "s3://backups/shop"
    assert settings.promise.max_age == timedelta(hours=50)
    assert settings.promise.max_wal_lag == timedelta(minutes=10)
    assert settings.schedule == {**SCHEDULE, "create": "0 3 * * *"}


def test_a_path_is_the_projects_wherever_below_it_a_command_runs(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[tool.querysafe.backup]\n"
        'repository = "backups"\nsmoke = ["ops/smoke.sql", "/srv/smoke.sql"]\n'
    )
    (tmp_path / "ops").mkdir()
    settings = load(tmp_path / "ops", environ={})
    assert settings.repository == str(tmp_path / "backups")
    assert settings.smoke == (tmp_path / "ops" / "smoke.sql", Path("/srv/smoke.sql"))


def test_the_environment_goes_before_the_file() -> None:
    settings = read({"repository": "a"}, environ={"QUERYSAFE_BACKUP_REPOSITORY": "b"})
    assert settings.repository == "b"


def test_a_ping_address_is_read_from_the_environment_only_and_never_shown() -> None:
    settings = read({}, environ={"QUERYSAFE_BACKUP_PING_URL": "https://example/secret"})
    assert settings.ping_url == "https://example/secret"
    assert "secret" not in repr(settings)
    with pytest.raises(SettingsError, match='no option "ping_url"'):
        read({"ping_url": "https://example/secret"}, environ={})


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"repositori": "x"}, 'did you mean "repository"'),
        ({"repository": 3}, "write it in quotes"),
        ({"daily": -1}, "write a whole number from 0"),
        ({"daily": True}, "write a whole number from 0"),
        ({"max_age": "soon"}, 'write "90s", "10m", "26h", "8d" or "2w"'),
        ({"kinds": ["logic"]}, r'write \["logical"\], \["base"\] or both'),
        ({"kinds": []}, r'write \["logical"\]'),
        ({"smoke": "x.sql"}, "is no list of texts"),
        ({"schedule": {"creat": "* * * * *"}}, 'did you mean "create"'),
        ({"schedule": "daily"}, "is no table"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_write(table: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read(table, environ={})


def test_what_is_needed_and_missing_is_asked_for_by_name() -> None:
    with pytest.raises(SettingsError, match="set QUERYSAFE_BACKUP_REPOSITORY, or write"):
        read({}, environ={}).needed("repository")


def test_the_settings_which_every_command_reads_load_nothing_heavy() -> None:
    heavy = ("querysafe.backup.catalog", "querysafe.backup.wal.archive", "zstandard", "psycopg")
    code = f"import sys, querysafe.backup.settings; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
