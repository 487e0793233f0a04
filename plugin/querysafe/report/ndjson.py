"""A recording as NDJSON: a head, the test's result, then one event a query.

The events are :meth:`CapturedQuery.to_event`'s, so that a log of events without a head is
a recording too.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from querysafe.errors import RecordingError
from querysafe.query import CallSite, CapturedQuery
from querysafe.recording import EagerLoad, JoinedCollections, Recording, TestResult
from querysafe.report.values import (
    finding_from_json,
    finding_to_json,
    test_from_json,
    test_to_json,
)
from querysafe.report.writing import write as write_text

SCHEMA = 1
SUFFIX = ".ndjson"
_HINT = "record it again with pytest --querysafe-record=DIRECTORY"


def file_name(name: str) -> str:
    """A file name for a test's recording: readable, short, never the same for two tests."""
    digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:10]
    readable = re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII)[-100:].strip("-.")
    return f"{readable or 'recording'}-{digest}{SUFFIX}"


def render(recording: Recording, result: TestResult | None = None) -> str:
    """The lines of a recording; ``result`` is what was made of it."""
    head = {
        "querysafe": "recording",
        "schema": SCHEMA,
        "name": recording.name,
        "eager_loads": [_eager(each) for each in recording.eager_loads],
        "joined_collections": [_joined(each) for each in recording.joined_collections],
    }
    results = [] if result is None else [_result(result)]
    events = (query.to_event() for query in recording)
    return "".join(_line(each) for each in (head, *results, *events))


def write(recording: Recording, directory: Path, result: TestResult | None = None) -> Path:
    """Write a recording into a folder, whole or not at all; return its file."""
    path = directory / file_name(recording.name)
    write_text(path, render(recording, result))
    return path


def write_result(result: TestResult, directory: Path) -> None:
    """Replace the result that a recording carries, as a baseline was written since."""
    path = directory / file_name(result.nodeid)
    if path.is_file():
        lines = [line for line in _lines(path) if not line.startswith('{"querysafe": "result"')]
        lines.insert(1, _line(_result(result)).rstrip("\n"))
        write_text(path, "".join(f"{line}\n" for line in lines))


def read(path: Path) -> Recording:
    """Read a recording, or a log of events without a head.

    Raises :class:`RecordingError` that names the line which is damaged.
    """
    recording = Recording(name=path.stem)
    queries: list[CapturedQuery] = []
    for number, line in enumerate(_lines(path), 1):
        try:
            event = json.loads(line)
            if "db.query.text" in event:
                queries.append(CapturedQuery.from_event(event))
            elif event.get("querysafe") == "recording":
                recording = _head(event, path)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _damaged(path, number, error) from None
    return replace(recording, queries=tuple(queries))


def read_result(path: Path) -> TestResult | None:
    """Read what was made of a recording, without its queries; ``None`` when it does not say.

    Raises :class:`RecordingError` that names the line which is damaged.
    """
    for number, line in enumerate(_lines(path), 1):
        try:
            event = json.loads(line)
            if event.get("querysafe") == "recording":
                _head(event, path)
            elif event.get("querysafe") == "result":
                return test_from_json(event, [finding_from_json(f) for f in event["findings"]])
            elif "db.query.text" in event:
                return None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _damaged(path, number, error) from None
    return None


def _head(event: Mapping[str, Any], path: Path) -> Recording:
    schema = event.get("schema", SCHEMA)
    if schema > SCHEMA:
        raise RecordingError(
            f'"{path}" is of schema {schema}, this querysafe reads schema {SCHEMA}',
            hint="a newer querysafe wrote it: update this one",
        )
    return Recording(
        name=event.get("name", path.stem),
        eager_loads=tuple(_read_eager(each) for each in event.get("eager_loads", ())),
        joined_collections=tuple(
            _read_joined(each) for each in event.get("joined_collections", ())
        ),
    )


def _damaged(path: Path, number: int, error: Exception) -> RecordingError:
    return RecordingError(
        f'"{path}" line {number} is damaged: {type(error).__name__}: {error}', hint=_HINT
    )


def _line(event: Mapping[str, Any]) -> str:
    text = json.dumps(event, ensure_ascii=False, default=str)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def _lines(path: Path) -> Iterator[str]:
    """The lines that are not blank. Only line feeds end one: SQL may hold other separators."""
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for line in file:
                if line.strip():
                    yield line.rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f'"{path}" cannot be read: {error}') from None


def _result(result: TestResult) -> dict[str, Any]:
    findings = [finding_to_json(each) for each in result.findings]
    return {"querysafe": "result", **test_to_json(result), "findings": findings}


def _eager(each: EagerLoad) -> dict[str, Any]:
    return {
        "path": list(each.path),
        "strategy": each.strategy,
        "call_site": each.call_site.to_json() if each.call_site else None,
        "query_index": each.query_index,
        "objects": each.objects,
        "read": each.read,
    }


def _joined(each: JoinedCollections) -> dict[str, Any]:
    return {
        "query_index": each.query_index,
        "call_site": each.call_site.to_json() if each.call_site else None,
        "names": list(each.names),
    }


def _site(value: Mapping[str, Any] | None) -> CallSite | None:
    return CallSite(**value) if value else None


def _read_eager(each: Mapping[str, Any]) -> EagerLoad:
    return EagerLoad(
        path=tuple(each["path"]),
        strategy=each["strategy"],
        call_site=_site(each["call_site"]),
        query_index=each["query_index"],
        objects=each["objects"],
        read=each["read"],
    )


def _read_joined(each: Mapping[str, Any]) -> JoinedCollections:
    return JoinedCollections(
        query_index=each["query_index"],
        call_site=_site(each["call_site"]),
        names=tuple(each["names"]),
    )
