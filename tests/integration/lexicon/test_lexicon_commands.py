"""``seed-data``, ``backup-db`` and ``restore-db``."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from tests.integration.backup.cli import damage
from tests.lexicon.cli import main
from tests.lexicon.models import TABLES


def _invoke(engine: Engine, command: str, *arguments: str) -> Result:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return CliRunner().invoke(main, [command, f"--database-url={url}", *arguments])


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEXICON_BACKUPS", str(tmp_path / "backups"))
    return tmp_path / "backups"


def _backups(repository: Path) -> list[dict[str, Any]]:
    told = CliRunner().invoke(main, ["backup", "list", "--format", "json"])
    assert told.exit_code == 0, told.output
    found: list[dict[str, Any]] = json.loads(told.stdout)
    return found


def _rows(engine: Engine) -> dict[str, list[str]]:
    with engine.connect() as connection:
        return {
            table.name: sorted(
                connection.execute(text(f"SELECT t::text FROM {table.name} t")).scalars()
            )
            for table in TABLES
        }


def test_a_backup_is_drilled_and_restores_every_row(
    postgres_copy: Engine, empty_postgres: Engine, repository: Path
) -> None:
    backed_up = _invoke(postgres_copy, "backup-db", "--drill")
    assert backed_up.exit_code == 0, backed_up.output
    (backup,) = _backups(repository)
    assert backup["status"] == "ok"
    assert backup["verified"]
    assert f"{backup['id']} passed" in backed_up.stdout

    restored = _invoke(empty_postgres, "restore-db")
    assert restored.exit_code == 0, restored.output
    rows = _rows(empty_postgres)
    assert rows == _rows(postgres_copy)
    assert len(rows["translation"]) > 1_000


def test_retention_expires_what_it_does_not_keep(postgres_copy: Engine, repository: Path) -> None:
    # The oldest stays, too, while the counters have room.
    for count, more in ((1, []), (2, ["--keep-all"]), (2, [])):
        result = _invoke(postgres_copy, "backup-db", *more)
        assert result.exit_code == 0, result.output
        assert len(_backups(repository)) == count


def test_a_database_with_tables_is_restored_into_only_when_told(
    postgres_copy: Engine, repository: Path
) -> None:
    assert _invoke(postgres_copy, "backup-db").exit_code == 0
    refused = _invoke(postgres_copy, "restore-db")
    assert refused.exit_code == 3, refused.output
    assert "--replace" in refused.output


def test_a_damaged_backup_is_refused(
    postgres_copy: Engine, empty_postgres: Engine, repository: Path
) -> None:
    assert _invoke(postgres_copy, "backup-db").exit_code == 0
    damage(repository, "database.dump*")
    (backup,) = _backups(repository)
    result = _invoke(empty_postgres, "restore-db", "--id", backup["id"])
    assert result.exit_code == 3, result.output
    assert "database.dump" in result.output
    verified = CliRunner().invoke(main, ["backup", "verify"])
    assert verified.exit_code == 1, verified.output


def test_a_failed_backup_is_told_in_the_application_too(
    empty_postgres: Engine, repository: Path
) -> None:
    nowhere = empty_postgres.url.set(drivername="postgresql", database="nowhere")
    url = nowhere.render_as_string(hide_password=False)
    failed = CliRunner().invoke(main, ["backup-db", f"--database-url={url}"])
    assert failed.exit_code == 3, failed.output
    mounted = CliRunner().invoke(main, ["backup", "create", f"--database={url}"])
    assert mounted.exit_code == 3, mounted.output
    assert 'database "nowhere" does not exist' in mounted.output
    assert _backups(repository) == []


def test_nothing_is_known_of_a_repository_that_is_not_there(repository: Path) -> None:
    result = CliRunner().invoke(main, ["backup", "status"])
    assert result.exit_code == 3
    assert "hint" in result.output


def test_seeding_loads_the_slice_into_an_empty_database_only(empty_postgres: Engine) -> None:
    first = _invoke(empty_postgres, "seed-data", "--rows=slice")
    second = _invoke(empty_postgres, "seed-data")

    assert first.exit_code == 0, first.output
    assert len(_rows(empty_postgres)["user_account"]) == 12
    assert second.exit_code == 2


@pytest.mark.parametrize("command", ["backup-db", "restore-db", "seed-data"])
def test_every_command_says_what_it_does(command: str) -> None:
    result = CliRunner().invoke(main, [command, "--help"])

    assert result.exit_code == 0
    assert "database" in result.output
