"""``querysafe init``: writes what is missing, beside what is there, once."""

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from querysafe.cli import main
from querysafe.settings import resolve


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["init", *arguments])


def files(project: Path) -> dict[str, str]:
    return {
        path.relative_to(project).as_posix(): path.read_text()
        for path in project.rglob("*")
        if path.is_file() and ".git/" not in path.as_posix()
    }


def test_a_pyproject_gets_the_section_and_keeps_every_byte_it_had(project: Path) -> None:
    before = '[project]\nname = "shop"  # a comment\n\n[tool.ruff]\nline-length = 80\n'
    (project / "pyproject.toml").write_text(before)
    done = init()
    assert done.exit_code == 0, done.output
    after = (project / "pyproject.toml").read_text()
    assert after.startswith(before)
    assert resolve(environ={}, pyproject=project / "pyproject.toml").sources["mode"] == (
        "pyproject.toml"
    )
    assert "pyproject.toml has [tool.querysafe] now\n" in done.stdout


@pytest.mark.parametrize("git", [True, False])
@pytest.mark.parametrize("start", ["pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg", ""])
def test_a_second_run_changes_nothing(project: Path, start: str, git: bool) -> None:
    if git:
        subprocess.run(["git", "init", "--quiet"], check=True)
    sections = {"setup.cfg": "[tool:pytest]\n", "pyproject.toml": "[project]\n"}
    if start:
        (project / start).write_text(sections.get(start, "[pytest]\naddopts = -q\n"))
    assert init().exit_code == 0
    first = files(project)
    assert set(first) == {
        start or "pytest.ini",
        *([".gitignore", ".gitattributes"] if git else []),
    }
    done = init()
    assert done.exit_code == 0
    assert files(project) == first
    assert " now\n" not in done.stdout
    assert "already\n" in done.stdout


@pytest.mark.parametrize(
    ("name", "section"),
    [("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")],
)
def test_an_ini_file_gets_lines_that_pytest_reads(project: Path, name: str, section: str) -> None:
    before = f"[other]\nkey = value\n\n[{section}]\n# ours\naddopts = -q\n"
    (project / name).write_text(before)
    assert init().exit_code == 0
    after = (project / name).read_text()
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert added == [
        "# querysafe: report shows findings and changes no outcome; check fails a test for each "
        "new one.",
        "querysafe = report",
        "querysafe_baseline = querysafe-baseline",
    ]
    shown = CliRunner().invoke(main, ["config", "show", "mode", "baseline"])
    assert shown.stdout.count(f"{name}: querysafe") == 2, shown.output


def test_settings_that_are_there_are_left_alone(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.querysafe]\nmode = "check"\n')
    done = init()
    assert done.stdout.startswith("pyproject.toml has [tool.querysafe] already\n")
    assert files(project) == {"pyproject.toml": '[tool.querysafe]\nmode = "check"\n'}


def test_a_dry_run_shows_the_difference_and_writes_nothing(project: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], check=True)
    (project / "pyproject.toml").write_text("[project]\n")
    before = files(project)
    done = init("--dry-run")
    assert done.exit_code == 0
    assert files(project) == before
    assert '+mode = "report"\n' in done.stdout
    assert "+.querysafe/\n" in done.stdout


def test_git_is_told_once_about_reports_and_how_a_baseline_merges(project: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], check=True)
    (project / ".gitignore").write_text("__pycache__/\n.querysafe\n")
    (project / ".gitattributes").write_text("*.png binary")
    init()
    assert (project / ".gitignore").read_text() == "__pycache__/\n.querysafe\n"
    assert (project / ".gitattributes").read_text() == (
        "*.png binary\nquerysafe-baseline/**/*.txt merge=union\n"
    )


def test_the_workflow_is_suggested_where_github_is_used(project: Path) -> None:
    assert "sarif" not in init("--dry-run").stdout
    (project / ".github").mkdir()
    assert "--querysafe-sarif=" in init("--dry-run").stdout


def test_another_directory_may_be_named(project: Path) -> None:
    (project / "services").mkdir()
    assert init("--directory", "services").exit_code == 0
    assert set(files(project)) == {"services/pytest.ini"}
    assert init("--directory", "nowhere").exit_code == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool\n"),
        ("pyproject.toml", 'tool = { black = "1" }\n'),
        ("tox.ini", "no section\n"),
    ],
)
def test_a_file_that_cannot_take_the_settings_is_an_error_and_stays(
    project: Path, name: str, text: str
) -> None:
    (project / name).write_text(text)
    done = init()
    assert done.exit_code == 2
    assert name in done.stderr
    assert files(project) == {name: text}
