"""A recording as NDJSON: a head, then one event a query (:meth:`CapturedQuery.to_event`)."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from querysafe.errors import RecordingError
from querysafe.query import CallSite, CapturedQuery
from querysafe.recording import EagerLoad, JoinedCollections, Recording
from querysafe.report.writing import write as write_text

SCHEMA = 1
SUFFIX = ".ndjson"


def file_name(name: str) -> str:
    """A file name for a test's recording: readable, short, never the same for two tests."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:10]
    readable = re.sub(r"[^\w.-]+", "-", name).strip("-.")[-100:]
    return f"{readable}-{digest}{SUFFIX}"


def render(recording: Recording) -> str:
    """The lines of a recording."""
    head = {
        "querysafe": "recording",
        "schema": SCHEMA,
        "name": recording.name,
        "eager_loads": [_eager(each) for each in recording.eager_loads],
        "joined_collections": [_joined(each) for each in recording.joined_collections],
    }
    events = (query.to_event() for query in recording)
    return "".join(
        f"{json.dumps(each, ensure_ascii=False, default=str)}\n" for each in (head, *events)
    )


def write(recording: Recording, directory: Path) -> Path:
    """Write a recording into a folder, whole or not at all; return its file."""
    path = directory / file_name(recording.name)
    write_text(path, render(recording))
    return path


def read(path: Path) -> Recording:
    """Read a recording, or a log of events without a head.

    Raises :class:`RecordingError` that names the line which is damaged.
    """
    head: Mapping[str, Any] = {"name": path.stem}
    queries: list[CapturedQuery] = []
    for number, line in enumerate(_lines(path), 1):
        try:
            event = json.loads(line)
            if "db.query.text" in event:
                queries.append(CapturedQuery.from_event(event))
            elif event.get("querysafe") == "recording":
                head = event
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordingError(
                f'"{path}" line {number} is damaged: {type(error).__name__}',
                hint="record it again with pytest --querysafe-record=DIRECTORY",
            ) from None
    return Recording(
        name=head.get("name", path.stem),
        queries=tuple(queries),
        eager_loads=tuple(_read_eager(each) for each in head.get("eager_loads", ())),
        joined_collections=tuple(_read_joined(each) for each in head.get("joined_collections", ())),
    )


def read_all(directory: Path) -> dict[str, Recording]:
    """Read every recording of a folder, by name."""
    recordings = (read(path) for path in sorted(directory.glob(f"*{SUFFIX}")))
    return {recording.name: recording for recording in recordings}


def _lines(path: Path) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f'"{path}" cannot be read: {error}') from None
    return (line for line in text.splitlines() if line.strip())


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
