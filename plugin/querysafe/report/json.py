"""The JSON report: a contract (``schema`` 1) that other tools read, and we read back."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from querysafe.errors import RecordingError
from querysafe.finding import Finding
from querysafe.recording import RunResult
from querysafe.report.values import (
    finding_from_json,
    finding_to_json,
    test_from_json,
    test_to_json,
)

SCHEMA = 1
_HINT = "write it with pytest --querysafe-json=FILE"


def to_json(run: RunResult) -> dict[str, Any]:
    """Render a run as JSON values; the keys of the contract come first in each object."""
    return {
        "schema": SCHEMA,
        "mode": run.mode,
        "findings": [finding_to_json(each) for each in run.findings],
        "tests": [test_to_json(each) for each in run.tests],
        "recordings": run.recordings,
        "stale": list(run.stale),
        "improved": list(run.improved),
        "notes": list(run.notes),
    }


def render(run: RunResult) -> str:
    """Render a run as the text of a JSON file.

    Half a surrogate pair, which no UTF-8 file can hold, is written as an escape.
    """
    text = json.dumps(to_json(run), indent=1, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def read_json(path: Path) -> RunResult:
    """Read a report back.

    Raises :class:`RecordingError` when the file cannot be read or is no such report.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordingError(f'"{path}" cannot be read: {error.strerror}', hint=_HINT) from None
    except (ValueError, RecursionError) as error:
        raise RecordingError(f'"{path}" is not JSON: {error}', hint=_HINT) from None
    found = content.get("schema") if isinstance(content, dict) else None
    if isinstance(found, int) and found > SCHEMA:
        raise RecordingError(
            f'"{path}" is of schema {found}, this querysafe reads schema {SCHEMA}',
            hint="a newer querysafe wrote it: update this one",
        )
    if found != SCHEMA or isinstance(found, bool):
        raise RecordingError(
            f'"{path}" is no report of schema {SCHEMA} (its schema is {found!r})', hint=_HINT
        )
    try:
        return _run(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordingError(
            f'"{path}" is damaged: {type(error).__name__}: {error}',
            hint="write it again with pytest --querysafe-json=FILE",
        ) from None


def _run(content: Mapping[str, Any]) -> RunResult:
    by_test: dict[str, list[Finding]] = {}
    for each in content["findings"]:
        by_test.setdefault(each["nodeid"], []).append(finding_from_json(each))
    return RunResult(
        tests=tuple(
            test_from_json(each, by_test.pop(each["nodeid"], ())) for each in content["tests"]
        ),
        mode=content.get("mode", "report"),
        recordings=content.get("recordings"),
        stale=tuple(content.get("stale", ())),
        improved=tuple(content.get("improved", ())),
        notes=tuple(content.get("notes", ())),
    )
