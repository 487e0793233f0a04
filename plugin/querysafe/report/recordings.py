"""Recordings on disk, read one at a time: a run of 10,000 tests is never held in memory."""

from pathlib import Path
from typing import Protocol

from querysafe.errors import RecordingError
from querysafe.recording import Recording, RunResult, TestResult
from querysafe.report import ndjson
from querysafe.report.grouping import plural


class Recordings(Protocol):
    """What gives a test's recording by its node id: a mapping does, and :class:`Folders`."""

    def get(self, name: str, /) -> Recording | None:
        """Give a test's recording, or ``None`` when it was not kept."""
        ...


class Folders:
    """The recordings of some folders and files; of a test that several hold, the last counts."""

    def __init__(self, *places: Path) -> None:
        self._places = places
        self._named: dict[str, Path] = {}

    def get(self, name: str, /) -> Recording | None:
        """Read one recording.

        Raises :class:`RecordingError` when it is there and damaged.
        """
        path = self._named.get(name) or self._path(ndjson.file_name(name))
        return None if path is None else ndjson.read(path)

    def run(self) -> RunResult:
        """What was made of each recording when it was written.

        Of one that does not say, as an application's log, the queries are counted; its
        outcome is ``unknown``. Raises :class:`RecordingError` when one is damaged.
        """
        tests: dict[str, TestResult] = {}
        unjudged = 0
        for path in (path for place in self._places for path in files(place)):
            result = ndjson.read_result(path)
            if result is None:
                unjudged += 1
                result = _counted(ndjson.read(path))
            tests[result.nodeid] = result
            self._named[result.nodeid] = path
        notes: tuple[str, ...] = ()
        if unjudged:
            notes = (
                f"{plural(unjudged, 'recording')} without a result: only pytest --querysafe-record "
                "judges, so their queries are counted and no finding is told",
            )
        return RunResult(tests=tuple(tests[name] for name in sorted(tests)), notes=notes)

    def _path(self, name: str) -> Path | None:
        paths = (place if place.name == name else place / name for place in reversed(self._places))
        return next((path for path in paths if path.is_file()), None)


def files(place: Path) -> list[Path]:
    """The recordings that a folder holds, or the one file itself.

    Raises :class:`RecordingError` when it cannot be read or holds none.
    """
    if place.is_file():
        return [place]
    try:
        found = sorted(path for path in place.iterdir() if path.name.endswith(ndjson.SUFFIX))
    except OSError as error:
        raise RecordingError(f'"{place}" cannot be read: {error.strerror}') from None
    if not found:
        raise RecordingError(
            f'the directory "{place}" holds no recordings',
            hint="write them with pytest --querysafe-record=DIRECTORY",
        )
    return found


def holds_recordings(place: Path) -> bool:
    """Whether a folder is there and holds recordings."""
    return place.is_dir() and any(place.glob(f"*{ndjson.SUFFIX}"))


def _counted(recording: Recording) -> TestResult:
    queries = [query for query in recording if query.context.phase in ("call", "")]
    return TestResult(
        nodeid=recording.name,
        queries=sum(query.calls for query in queries),
        database_seconds=sum(query.duration_seconds for query in queries),
        outcome="unknown",
    )
