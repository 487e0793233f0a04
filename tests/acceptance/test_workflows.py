"""Our workflow and the one that users copy: pinned, with the least rights, calling what exists."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
OURS = ROOT / ".github" / "workflows" / "ci.yml"
THEIRS = ROOT / "ci" / "querysafe.yml"
NIGHTLY = ROOT / "ci" / "querysafe-nightly.yml"
PINNED = re.compile(r"uses: ([\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\./ci/[\w-]+)")


def steps(path: Path) -> Iterator[dict[str, Any]]:
    for job in yaml.safe_load(path.read_text())["jobs"].values():
        yield from job["steps"]


@pytest.mark.parametrize("path", [OURS, THEIRS, NIGHTLY], ids=lambda path: path.name)
def test_every_action_is_pinned_by_a_hash_with_its_version_beside_it(path: Path) -> None:
    uses = [line.strip(" -") for line in path.read_text().splitlines() if "uses:" in line]
    assert uses
    assert [line for line in uses if not PINNED.fullmatch(line)] == []


@pytest.mark.parametrize("path", [OURS, THEIRS, NIGHTLY], ids=lambda path: path.name)
def test_no_right_is_given_that_a_job_does_not_name(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"]["contents"] == "read"


@pytest.mark.parametrize("path", [OURS, THEIRS, NIGHTLY], ids=lambda path: path.name)
def test_no_expression_is_pasted_into_a_shell(path: Path) -> None:
    assert [step for step in steps(path) if "${{" in step.get("run", "")] == []


def test_our_workflow_runs_scripts_only() -> None:
    commands = [step["run"] for step in steps(OURS) if "run" in step]
    assert commands
    for command in commands:
        assert re.match(r"(scripts/|\.ci/)\w+", command), command
        assert os.access(ROOT / command.split()[0], os.X_OK), command


def test_the_matrix_has_every_python_that_the_package_names_and_both_sqlalchemys() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    matrix = yaml.safe_load(OURS.read_text())["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == re.findall(r"Python :: (3\.\d+)\"", project)
    assert matrix["sqlalchemy"] == ["2.0", "2.1"]


def test_the_server_of_a_job_is_named_by_variables() -> None:
    script = ROOT / ".ci" / "postgres"
    done = subprocess.run([script, "embedded"], capture_output=True, text=True, check=True)
    assert done.stdout == "QUERYSAFE_POSTGRES_SERVER=embedded\n"
