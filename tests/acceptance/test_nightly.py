"""What users put in their CI for the night runs here, command by command."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from querysafe.postgres.cluster import Database
from tests.integration.backup.cli import damage, execute

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "ci" / "backup-drill" / "action.yml"
SCRIPTS = ROOT / "scripts" / "nightly"


@pytest.fixture
def shop(querysafe_postgres: Database) -> Database:
    execute(
        querysafe_postgres.dsn,
        "CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item SELECT generate_series(1, 9)",
    )
    return querysafe_postgres


def environment(**more: str) -> dict[str, str]:
    programs = Path(sys.executable).parent
    return {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", **more}


def act(folder: Path, given: Mapping[str, str]) -> list["subprocess.CompletedProcess[str]"]:
    """Run the steps of the composite action as GitHub does, to the first that fails."""
    action: dict[str, Any] = yaml.safe_load(ACTION.read_text())
    inputs = {name: each.get("default") for name, each in action["inputs"].items()} | given
    done = []
    for step in action["runs"]["steps"]:
        variables = {
            name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: inputs[found[1]], value)
            for name, value in step["env"].items()
        }
        done.append(
            subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=folder,
                env=environment(**variables),
                capture_output=True,
                text=True,
                check=False,
            )
        )
        if done[-1].returncode:
            break
    return done


def test_a_night_that_is_well_leaves_a_backup_that_was_restored(
    tmp_path: Path, shop: Database
) -> None:
    server = shop.cluster.url(driver="")
    inputs = {"database": shop.dsn, "repository": str(tmp_path / "backups"), "server": server}
    done = act(tmp_path, inputs)
    assert [each.returncode for each in done] == [0] * 5, done[-1].stderr
    assert json.loads((tmp_path / "querysafe-drill.json").read_text())["passed"] is True
    assert "every promise is kept" in done[-1].stdout


def test_a_night_that_is_not_well_is_red(tmp_path: Path, shop: Database) -> None:
    smoke = tmp_path / "smoke.sql"
    smoke.write_text("SELECT count(*) = 8 FROM item;")
    server = shop.cluster.url(driver="")
    inputs = {"database": shop.dsn, "repository": str(tmp_path / "backups"), "server": server}
    done = act(tmp_path, {**inputs, "smoke": str(smoke)})
    assert [each.returncode for each in done] == [0, 0, 1]
    assert json.loads((tmp_path / "querysafe-drill.json").read_text())["passed"] is False


def test_no_input_is_pasted_into_a_shell() -> None:
    steps = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
    assert [step for step in steps if "${{" in step["run"]] == []


def test_the_scripts_of_the_night_call_the_command_and_nothing_else() -> None:
    scripts = sorted(SCRIPTS.iterdir())
    assert [script.name for script in scripts] == ["backup", "drill", "expire", "status", "verify"]
    for script in scripts:
        commands = [
            line for line in script.read_text().splitlines() if line and not line.startswith("#")
        ]
        work = "create --name nightly" if script.name == "backup" else script.name
        assert commands == [f'exec "${{QUERYSAFE:-querysafe}}" backup {work} "$@"']


def test_the_scripts_of_the_night_pass_on_their_status(tmp_path: Path, shop: Database) -> None:
    repository = tmp_path / "backups"
    variables = environment(
        QUERYSAFE_BACKUP_DATABASE=shop.dsn, QUERYSAFE_BACKUP_REPOSITORY=str(repository)
    )

    def run(name: str, *more: str) -> int:
        command = [SCRIPTS / name, *more]
        return subprocess.run(command, env=variables, capture_output=True, check=False).returncode

    assert run("status") == 3
    assert run("backup") == 0
    assert [run(name) for name in ("verify", "expire", "status")] == [0, 0, 0]
    damage(repository, "database.dump*")
    assert run("verify") == 1
    assert run("status") == 1
