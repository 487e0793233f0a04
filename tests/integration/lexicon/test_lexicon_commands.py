"""``seed-data``, ``backup-db`` and ``restore-db``."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from tests.lexicon.cli import main
from tests.lexicon.models import TABLES


def _invoke(engine: Engine, command: str, *arguments: str) -> Result:
    url = engine.url.render_as_string(hide_password=False)
    return CliRunner().invoke(main, [command, f"--database-url={url}", *arguments])


def _rows(engine: Engine) -> dict[str, list[str]]:
    with engine.connect() as connection:
        return {
            table.name: sorted(
                connection.execute(text(f"SELECT t::text FROM {table.name} t")).scalars()
            )
            for table in TABLES
        }


def test_a_backup_restores_every_row(
    postgres_copy: Engine, empty_postgres: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "lexicon.backup"

    backed_up = _invoke(postgres_copy, "backup-db", str(file))
    restored = _invoke(empty_postgres, "restore-db", str(file))

    assert backed_up.exit_code == 0, backed_up.output
    assert restored.exit_code == 0, restored.output
    rows = _rows(empty_postgres)
    assert rows == _rows(postgres_copy)
    assert len(rows["translation"]) > 1_000
    assert [path.name for path in tmp_path.iterdir()] == ["lexicon.backup"]


def test_a_backup_is_never_overwritten(postgres_copy: Engine, tmp_path: Path) -> None:
    file = tmp_path / "lexicon.backup"
    file.write_text("precious")

    result = _invoke(postgres_copy, "backup-db", str(file))

    assert result.exit_code == 2
    assert file.read_text() == "precious"


def test_a_database_with_tables_is_not_restored_into(postgres_copy: Engine, tmp_path: Path) -> None:
    file = tmp_path / "lexicon.backup"
    assert _invoke(postgres_copy, "backup-db", str(file)).exit_code == 0

    result = _invoke(postgres_copy, "restore-db", str(file))

    assert result.exit_code == 2
    assert "give an empty database" in result.output


def test_a_file_that_is_no_backup_fails_with_what_the_program_says(
    empty_postgres: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "lexicon.backup"
    file.write_text("not a backup")

    result = _invoke(empty_postgres, "restore-db", str(file))

    assert result.exit_code == 1
    assert "pg_restore failed" in result.output


def test_a_failed_backup_leaves_no_file(empty_postgres: Engine, tmp_path: Path) -> None:
    nowhere = empty_postgres.url.set(database="nowhere").render_as_string(hide_password=False)

    result = CliRunner().invoke(
        main, ["backup-db", f"--database-url={nowhere}", str(tmp_path / "lexicon.backup")]
    )

    assert result.exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_seeding_loads_the_slice_into_an_empty_database_only(empty_postgres: Engine) -> None:
    first = _invoke(empty_postgres, "seed-data", "--rows=slice")
    second = _invoke(empty_postgres, "seed-data")

    assert first.exit_code == 0, first.output
    assert len(_rows(empty_postgres)["user_account"]) == 12
    assert second.exit_code == 2


def test_a_backup_needs_postgresql(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["backup-db", "--database-url=sqlite://", str(tmp_path / "lexicon.backup")]
    )

    assert result.exit_code == 2
    assert "needs a PostgreSQL database" in result.output


@pytest.mark.parametrize("command", ["backup-db", "restore-db", "seed-data"])
def test_every_command_says_what_it_does(command: str) -> None:
    result = CliRunner().invoke(main, [command, "--help"])

    assert result.exit_code == 0
    assert "database" in result.output
