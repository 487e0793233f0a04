"""Folders of recordings, read one at a time: a run of 10,000 tests is never held in memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from querysafe.errors import RecordingError
from querysafe.recording import Recording, TestResult
from querysafe.report import ndjson


class Recordings(Protocol):
    """What gives a test's recording by its node id: a mapping does, and :class:`Folders`."""

    def get(self, name: str, /) -> Recording | None:
        """Give a test's recording, or ``None`` when it was not kept."""
        ...


class Folders:
    """The recordings of some folders; of a test that several hold, the last folder's counts."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders
        self._named: dict[str, Path] = {}

    def get(self, name: str, /) -> Recording | None:
        """Read one recording.

        Raises :class:`RecordingError` when it is there and damaged.
        """
        path = self._named.get(name) or self._path(ndjson.file_name(name))
        return None if path is None else ndjson.read(path)

    def results(self) -> Iterator[TestResult]:
        """What was made of each recording, in the order of the files' names.

        Of a recording that does not say, its queries are counted; its outcome is ``unknown``.
        Raises :class:`RecordingError` when one is damaged.
        """
        names = {path.name for folder in self._folders for path in files(folder)}
        for name in sorted(names):
            path = self._path(name)
            assert path is not None
            result = ndjson.read_result(path) or _counted(ndjson.read(path))
            if ndjson.file_name(result.nodeid) != name:
                self._named[result.nodeid] = path
            yield result

    def _path(self, name: str) -> Path | None:
        paths = (folder / name for folder in reversed(self._folders))
        return next((path for path in paths if path.is_file()), None)


def files(folder: Path) -> list[Path]:
    """The recordings that a folder holds.

    Raises :class:`RecordingError` when it cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith(ndjson.SUFFIX))
    except OSError as error:
        raise RecordingError(f'"{folder}" cannot be read: {error.strerror}') from None


def _counted(recording: Recording) -> TestResult:
    queries = [query for query in recording if query.context.phase in ("call", "")]
    return TestResult(
        nodeid=recording.name,
        queries=sum(query.calls for query in queries),
        database_seconds=sum(query.duration_seconds for query in queries),
        outcome="unknown",
    )
