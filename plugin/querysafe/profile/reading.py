"""Any file that holds queries, read by what it is rather than by what it is called."""

import csv
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from querysafe.profile import json_lines, script, statements_view
from querysafe.profile.errors import SourceError
from querysafe.profile.server_log import csvlog, jsonlog, stderr
from querysafe.profile.server_log.queries import queries
from querysafe.profile.unread import Heard

SUFFIXES = (".ndjson", ".jsonl", ".json", ".log", ".csv", ".sql")
_PACKED = b"\x1f\x8b"
"""How each gzip file begins (RFC 1952, 2.3.1)."""
_HINT = "give a file of SQL, JSON lines or a server's log, or a folder of recordings"


def read(place: str, *, database: str = "") -> Heard:
    """Give the queries of a file, of all files of a folder, or of standard input (``-``).

    Of server logs that name databases, those of another one than ``database`` are set aside.
    Raises :class:`SourceError`.
    """
    if place == "-":
        yield from _of_text(sys.stdin, "standard input", "", database)
        return
    path = Path(place)
    found = _files(path)
    for each in found:
        try:
            with _opened(each) as file:
                yield from _of_text(file, str(each), _suffix(each), database)
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(f'"{each}" cannot be read: {_why(error)}', hint=_HINT) from None


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise SourceError(f'there is no file "{path}"', hint=_HINT)
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.rglob("*") if each.is_file() and _suffix(each) in SUFFIXES)
    if not found:
        raise SourceError(f'the folder "{path}" holds no source of queries', hint=_HINT)
    return found


def _suffix(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def _opened(path: Path) -> IO[str]:
    """Open a file as text, packed or not, whatever its name says."""
    head = b""
    if path.is_file():  # and no pipe, which can be read once only
        with path.open("rb") as file:
            head = file.read(4096)
    if head.startswith(_PACKED):
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="replace", newline="")
    if b"\0" in head:
        raise SourceError(f'"{path}" is no text: it holds NUL bytes', hint=_HINT)
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


def _why(error: OSError | EOFError | zlib.error) -> str:
    return getattr(error, "strerror", None) or str(error) or "it is damaged"


def _of_text(file: IO[str], name: str, suffix: str, database: str) -> Heard:
    if suffix == ".sql":
        yield from script.read(file.read(), name)
        return
    head, whole = _peeked(file)
    if head.lstrip()[:1] in ("{", "["):
        if '"error_severity"' in head:
            yield from queries(jsonlog.entries(whole, name), name, database)
        else:
            yield from json_lines.read(whole, name)
        return
    columns = next(csv.reader([head.splitlines()[0]]), []) if head.strip() else []
    if "query" in columns:
        yield from statements_view.read_csv(whole, name)
    elif len(columns) >= 12 and (suffix == ".csv" or columns[0][:2] == "20"):
        yield from queries(csvlog.entries(whole, name), name, database)
    elif _is_log(head):
        yield from queries(stderr.entries(whole, name), name, database)
    elif suffix in (".log", ".csv"):
        raise SourceError(f'"{name}" is neither a log of PostgreSQL nor of querysafe', hint=_HINT)
    elif suffix in (".ndjson", ".jsonl", ".json"):
        yield from json_lines.read(whole, name)
    else:
        yield from script.read(whole.read(), name)


def _peeked(file: IO[str]) -> tuple[str, IO[str]]:
    """The first 64 KB of a stream, and the stream with them."""
    head = file.read(65536)
    return head, _Chained(head, file)  # type: ignore[return-value]


class _Chained:
    """A text that was read, and the rest of the stream that it came from."""

    def __init__(self, head: str, rest: IO[str]) -> None:
        self._head = io.StringIO(head, newline="")
        self._rest = rest

    def __iter__(self) -> Iterator[str]:
        for line in self._head:
            yield line if line.endswith("\n") else line + self._rest.readline()
        yield from self._rest

    def read(self) -> str:
        """All that is left."""
        return self._head.read() + self._rest.read()


def _is_log(head: str) -> bool:
    from querysafe.profile.unread import Unread

    found = stderr.entries(head.splitlines(), "")
    return any(not isinstance(entry, Unread) for entry, _ in zip(found, range(50), strict=False))
