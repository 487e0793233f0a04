"""A project of a user, and pytest run in it as the user does: in a process of its own."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

SHOP = Path(__file__).with_name("shop.py").read_text()
DATABASE = Path(__file__).with_name("shop_fixtures.py").read_text()
QUIET = ("-p", "no:randomly", "-p", "no:asyncio", "-p", "no:anyio", "-p", "no:xdist")


class Project:
    """A folder with the shop, its fixtures and the tests that a test of ours writes."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pytester = pytester
        self.monkeypatch = monkeypatch
        self.root = pytester.path
        self.write("shop.py", SHOP)
        self.write("conftest.py", DATABASE)
        self.write("pytest.ini", "[pytest]\nxfail_strict = false\n")

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def edit(self, name: str, before: str, after: str) -> None:
        """Change a file of the project as a person would."""
        path = self.root / name
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    def run(self, *arguments: str, without: tuple[str, ...] = QUIET) -> pytest.RunResult:
        """Run pytest; ``without`` are options that keep peers out of the way."""
        return self.pytester.runpytest_subprocess(*without, *arguments, timeout=120)

    def report(self, *arguments: str, without: tuple[str, ...] = QUIET) -> dict[str, Any]:
        """Run pytest and read its JSON report."""
        file = self.root / "report.json"
        file.unlink(missing_ok=True)
        result = self.run(f"--querysafe-json={file}", *arguments, without=without)
        assert file.exists(), result.stdout.str() + result.stderr.str()
        content: dict[str, Any] = json.loads(file.read_text())
        return content

    def baseline(self) -> dict[str, str]:
        """The text of each baseline file, by its path."""
        folder = self.root / "querysafe-baseline"
        return {
            path.relative_to(folder).as_posix(): path.read_text()
            for path in sorted(folder.rglob("*.txt"))
        }


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A new project, in an environment that says nothing of CI or of querysafe."""
    for name in os.environ:
        if name.startswith("QUERYSAFE") or name in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
            monkeypatch.delenv(name)
    return Project(pytester, monkeypatch)
