"""Source excerpts: the lines around a call site."""

from functools import lru_cache
from pathlib import Path

from querysafe.query import CallSite

ABOVE = 5
BELOW = 3
_WIDTH = 240
_LARGEST = 4_000_000


class Sources:
    """Reads source files below a root directory; with ``outside``, elsewhere too.

    A report that somebody else wrote may name any file: it must not be quoted from outside.
    """

    def __init__(self, root: Path, *, outside: bool = False) -> None:
        self._root = root.resolve()
        self._outside = outside
        self._lines = lru_cache(maxsize=128)(self._read)

    def excerpt(self, site: CallSite) -> tuple[int, list[str]] | None:
        """Give the number of the first line and the lines, their common indent removed.

        ``None`` when the file or the line is not there.
        """
        lines = self._lines(site.path)
        if not 1 <= site.line <= len(lines):
            return None
        first = max(1, site.line - ABOVE)
        chosen = [line.expandtabs(4).rstrip() for line in lines[first - 1 : site.line + BELOW]]
        while first < site.line and not chosen[0]:
            first += 1
            del chosen[0]
        while not chosen[-1] and len(chosen) > site.line - first + 1:
            chosen.pop()
        indent = min((len(line) - len(line.lstrip()) for line in chosen if line), default=0)
        return first, [line[indent:][:_WIDTH] for line in chosen]

    def _read(self, path: str) -> list[str]:
        try:
            file = (self._root / path).resolve()
            if not self._outside and not file.is_relative_to(self._root):
                return []
            if not file.is_file() or file.stat().st_size > _LARGEST:
                return []
            return file.read_text(encoding="utf-8", errors="replace").split("\n")
        except (OSError, ValueError):
            return []
