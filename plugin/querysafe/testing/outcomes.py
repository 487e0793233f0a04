"""What the outcome of a test means for the guard, and the words for one it could not judge."""

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from querysafe.recording import TestResult
from querysafe.settings import Settings

_OURS = "querysafe."


def enforces(config: pytest.Config, settings: Settings, worker: Mapping[str, Any] | None) -> bool:
    """Whether findings fail tests: ``--querysafe-json`` collects, unless the mode is beside it."""
    if worker is not None and "querysafe_enforces" in worker:
        return bool(worker["querysafe_enforces"])
    typed = [str(argument).partition("=")[0] for argument in config.invocation_params.args]
    collects = "--querysafe-json" in typed and "--querysafe" not in typed
    return settings.mode == "check" and not settings.update and not collects


def is_expected(report: pytest.TestReport) -> bool:
    """Whether the test is marked ``xfail``: what it does is judged by that marker."""
    return hasattr(report, "wasxfail")


def others(properties: list[tuple[str, object]]) -> list[tuple[str, object]]:
    """The properties of a test that are not ours: a rerun says anew what we say."""
    return [each for each in properties if not each[0].startswith(_OURS)]


def nothing(nodeid: str, outcome: str) -> TestResult:
    """The result of a test that sent no query."""
    return TestResult(nodeid=nodeid, queries=0, database_seconds=0.0, outcome=outcome)


def unjudged(nodeid: str, error: Exception) -> str:
    """What to tell of a test that could not be judged, and where that went wrong."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f'"{nodeid}" could not be judged: {type(error).__name__}: {error} '
        f"({Path(place.filename).name}:{place.lineno})\n"
        "  hint: this is a mistake in querysafe, please report it with the statement"
    )
