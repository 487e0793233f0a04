"""``querysafe advise lint-revisions``: forms, statuses and errors."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from querysafe.cli import main

BAD = """from alembic import op
revision = "b2"
down_revision = None


def upgrade():
    op.execute("SET lock_timeout = '4s'")
    op.create_index("ix", "orders", ["status"])
    op.drop_column("orders", "note")  # querysafe: allow QS512 no code reads it since March
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migrations/versions").mkdir(parents=True)
    (tmp_path / "migrations/versions/b2.py").write_text(BAD)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["advise", "lint-revisions", *arguments])


def test_the_folder_of_the_project_is_judged_and_findings_make_the_status_1() -> None:
    done = run()
    assert done.exit_code == 1
    assert done.stdout == (
        'QS501 blocking-index  index "ix" of "orders" is built while nobody can write\n'
        "  at        migrations/versions/b2.py:8 in upgrade\n"
        "  cure      with op.get_context().autocommit_block():\n"
        '                op.create_index("ix", "orders", ["status"], '
        "postgresql_concurrently=True)\n"
        "\n"
        "1 finding in 1 revision, 1 allowed in writing\n"
        "allow one: # querysafe: allow QS501 why it is meant\n"
    )


def test_rules_are_selected_and_ignored_and_declared_rows_are_respected(project: Path) -> None:
    assert run("--ignore", "blocking-index").exit_code == 0
    assert run("--select", "QS510,QS511").exit_code == 0
    assert run("--select", "QS501").exit_code == 1
    (project / "pyproject.toml").write_text("[tool.querysafe.advice.rows]\norders = 30\n")
    done = run("migrations")
    assert (done.exit_code, done.stdout) == (
        0,
        "0 findings in 1 revision, 1 allowed in writing\n",
    )


def test_json_github_and_sarif_say_the_same() -> None:
    content = json.loads(run("--format", "json").stdout)
    assert [(each["rule"], each["verdict"]) for each in content["findings"]] == [
        ("QS501", "new"),
        ("QS512", "suppressed"),
    ]
    assert content["files"] == ["migrations/versions/b2.py"]
    annotation = run("--format", "github").stdout
    assert annotation.startswith("::error file=migrations/versions/b2.py,line=8,title=QS501")
    (sarif,) = json.loads(run("--format", "sarif").stdout)["runs"]
    assert {rule["id"] for rule in sarif["tool"]["driver"]["rules"]} >= {"QS501", "QS513"}
    first, second = sarif["results"]
    assert sarif["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == first["ruleId"] == "QS501"
    assert second["suppressions"][0]["justification"] == "no code reads it since March"


def test_what_is_no_revision_is_told_and_what_cannot_be_read_is_an_error(project: Path) -> None:
    (project / "other.py").write_text("x = 1\n")
    done = run("other.py", "migrations/versions/b2.py")
    assert "other.py is no revision" in done.stderr
    assert run("other.py").exit_code == 3
    assert "no revision was found" in run("other.py").stderr
    assert run("missing.py").exit_code == 3
    (project / "broken.py").write_text("def upgrade(:\n")
    assert "is no Python" in run("broken.py").stderr
    assert run("--select", "QS999").exit_code == 2


def test_without_a_folder_of_revisions_the_error_says_what_to_name(project: Path) -> None:
    (project / "alembic.ini").unlink()
    assert run().exit_code == 1, "migrations/versions is a usual place"
    (project / "migrations").rename(project / "elsewhere")
    done = run()
    assert done.exit_code == 3
    assert "lint-revisions migrations/versions" in done.stderr
