"""Where a run's results go: the terminal, files, GitHub."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from querysafe.errors import QuerysafeError
from querysafe.finding import Finding
from querysafe.recording import Recording, RunResult, TestResult
from querysafe.settings import Settings

TOLD = "querysafe_told"
"""Attribute of a failed report: the identities of the findings that are its reason."""


_HEAD = b'{"querysafe": "recording"'


class Reporter:
    """Writes every report that the settings ask for."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self.problems: list[str] = []
        self.written: list[str] = []
        self.failed = False
        """Whether something that was asked for could not be written."""
        self._temporary = False
        self.recordings: Path | None = self._recordings()

    def _recordings(self) -> Path | None:
        """The folder that every process of the run writes recordings to, if any is wanted."""
        given = getattr(self._config, "workerinput", {}).get("querysafe_recordings")
        if given:
            return Path(given)
        if self._settings.record is not None:
            folder = self._config.invocation_params.dir / self._settings.record
            folder.mkdir(parents=True, exist_ok=True)
            if not self._config.getoption("collectonly", False):
                _forget(folder)
            return folder
        if self._settings.html is None:
            return None
        self._temporary = True
        return Path(tempfile.mkdtemp(prefix="querysafe-"))

    def keep(self, recording: Recording, result: TestResult) -> None:
        """Write one test's queries and what was made of them, where recordings are wanted."""
        if self.recordings is not None and (len(recording) or not self._temporary):
            from querysafe.report import ndjson

            with self._trying():
                ndjson.write(recording, self.recordings, result)

    def keep_again(self, result: TestResult) -> None:
        """Write a result that the new baseline changed into its recording."""
        if self.recordings is not None:
            from querysafe.report import ndjson

            with self._trying():
                ndjson.write_result(result, self.recordings)

    @contextmanager
    def _trying(self) -> Iterator[None]:
        """What cannot be written is told once, and fails the run, never a test."""
        try:
            yield
        except QuerysafeError as error:
            self.failed = True
            if str(error) not in self.problems and len(self.problems) < 10:
                self.problems.append(str(error))

    @property
    def recordings_name(self) -> str | None:
        """The folder of recordings that stay, relative to the root directory when below it."""
        if self.recordings is None or self._temporary:
            return None
        folder = self.recordings.resolve()
        root = self._config.rootpath.resolve()
        return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else str(folder)

    def properties(self, result: TestResult) -> Iterable[tuple[str, str]]:
        """What JUnit XML says of a test."""
        from querysafe.report import junit

        return junit.properties(result)

    def failure(self, findings: list[Finding]) -> str:
        """Why a test fails in mode ``check``."""
        from querysafe.report import text

        return text.one_test(findings)

    def finish(self, run: RunResult) -> None:
        """Write the files that were asked for; one that cannot be written keeps none back."""
        from querysafe.report import writing

        for name, render in _FILES.items():
            path = getattr(self._settings, name)
            if path is not None:
                target = self._config.invocation_params.dir / path
                with self._trying():
                    writing.write(target, render(run, self.recordings, self._config.rootpath))
                    self.written.append(f"{name} report: {path}")
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary and self._github():
            from querysafe.report import markdown

            with Path(summary).open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(markdown.render(run))

    def clean(self) -> None:
        """Remove the folder that only this run needed."""
        if self._temporary and self.recordings is not None:
            shutil.rmtree(self.recordings, ignore_errors=True)

    def say(self, terminal: Any, run: RunResult) -> None:
        """Print the report, and where the others are."""
        if run.findings or run.notes or run.stale or any(test.queries for test in run.tests):
            from querysafe.report import text

            body = text.render(
                run,
                width=terminal._tw.fullwidth,
                color=bool(terminal._tw.hasmarkup),
                top=self._settings.top,
                told=_told(terminal),
            )
            terminal.section("querysafe", sep="=")
            terminal._tw.write(body if body.endswith("\n") else f"{body}\n", flush=True)
        for line in (*self.written, *self.problems):
            terminal.line(f"querysafe: {line}")
        if self._github():
            from querysafe.report import github

            sys.stdout.flush()
            terminal.line("")
            place = github.below(self._config.rootpath, os.environ.get("GITHUB_WORKSPACE"))
            for line in github.render(run, below=place).split("\n"):
                terminal.line(line)

    def _github(self) -> bool:
        if self._settings.github == "auto":
            return os.environ.get("GITHUB_ACTIONS") == "true"
        return self._settings.github == "on"


def _forget(folder: Path) -> None:
    """Remove what an earlier run recorded, and nothing else: tests are renamed and removed."""
    for path in folder.glob("*.ndjson"):
        with suppress(OSError):  # one that cannot be replaced is told when it is written
            with path.open("rb") as file:
                is_ours = file.read(len(_HEAD)) == _HEAD
            if is_ours:
                path.unlink()


def _told(terminal: Any) -> set[tuple[str, str]]:
    """The findings that pytest has printed as the reason of a failure."""
    if terminal.config.getoption("tbstyle", "auto") in ("no", "line"):
        return set()
    return {
        (report.nodeid, identity)
        for report in terminal.stats.get("failed", ())
        for identity in getattr(report, TOLD, ())
    }


def _json(run: RunResult, _recordings: Path | None, _root: Path) -> Iterable[str]:
    from querysafe.report import json

    return [json.render(run)]


def _sarif(run: RunResult, _recordings: Path | None, _root: Path) -> Iterable[str]:
    from querysafe.report import sarif

    return [sarif.render(run)]


def _markdown(run: RunResult, _recordings: Path | None, _root: Path) -> Iterable[str]:
    from querysafe.report import markdown

    return [markdown.render(run)]


def _html(run: RunResult, recordings: Path | None, root: Path) -> Iterable[str]:
    from querysafe.report import html
    from querysafe.report.recordings import Folders

    return html.parts(run, Folders(*([recordings] if recordings is not None else [])), root)


_FILES = {"json": _json, "sarif": _sarif, "markdown": _markdown, "html": _html}
