"""A project of a user, and pytest run in it: in this process, or as the user does, apart."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from querysafe.capture.watch import recorder

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

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in this process, which is fast; peers are kept out of the way."""
        with self.monkeypatch.context() as patch:
            patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
            return self.pytester.runpytest_inprocess("-p", "querysafe.pytest_plugin", *arguments)

    def run_apart(
        self, *arguments: str, without: tuple[str, ...] = QUIET, seconds: float = 300
    ) -> pytest.RunResult:
        """Run pytest in a process of its own, which may take so many seconds.

        ``without`` are options that keep peers away.
        """
        return self.pytester.runpytest_subprocess(*without, *arguments, timeout=seconds)

    def report(
        self, *arguments: str, apart: bool = False, without: tuple[str, ...] = QUIET
    ) -> dict[str, Any]:
        """Run pytest and read its JSON report."""
        file = self.root / "report.json"
        file.unlink(missing_ok=True)
        arguments = (f"--querysafe-json={file}", *arguments)
        result = self.run_apart(*arguments, without=without) if apart else self.run(*arguments)
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
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A new project, in an environment that says nothing of CI or of querysafe.

    The recorder of this process is lent to the guard of an inner run and taken back.
    """
    for name in os.environ:
        if name.startswith("QUERYSAFE") or name in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
            monkeypatch.delenv(name)
    sites = recorder().sites
    kept = {name: getattr(sites, name) for name in ("root", "_own", "_foreign")}
    yield Project(pytester, monkeypatch)
    recorder().stop()
    for name, value in kept.items():
        setattr(sites, name, value)
    for known in (sites._kinds, sites._stacks, sites._frames):
        known.clear()
