"""A tar stream looked at while it passes: a few small members are kept, the end is seen."""

from typing import Any

_BLOCK = 512


class TarWatch:
    """Reads a source and passes it on. ``wanted`` members are kept whole in ``found``.

    The format is POSIX ustar as PostgreSQL writes it (``src/common``, ``tarCreateHeader``).
    """

    def __init__(self, source: Any, wanted: frozenset[str]) -> None:
        self._source = source
        self._wanted = wanted
        self._header = bytearray()
        self._skip = 0
        self._keep = 0
        self._name = ""
        self._zero_blocks = 0
        self.found: dict[str, bytearray] = {}
        self.members = 0
        self._names: set[str] = set()

    @property
    def names(self) -> frozenset[str]:
        """The members of the folder ``pg_wal`` that have passed."""
        return frozenset(self._names)

    @property
    def is_whole(self) -> bool:
        """Whether the archive ended as it should, within no member."""
        return self._zero_blocks >= 2 and not self._skip and not self._keep and not self._header

    def read(self, size: int = -1) -> bytes:
        """Read from the source."""
        data: bytes = self._source.read(size)
        self._look(memoryview(data))
        return data

    def _look(self, data: memoryview) -> None:
        while data:
            if self._keep:
                piece = data[: self._keep]
                self.found[self._name] += piece
                self._keep -= len(piece)
            elif self._skip:
                piece = data[: self._skip]
                self._skip -= len(piece)
            else:
                piece = data[: _BLOCK - len(self._header)]
                self._header += piece
                if len(self._header) == _BLOCK:
                    self._begin(bytes(self._header))
                    self._header.clear()
            data = data[len(piece) :]

    def _begin(self, header: bytes) -> None:
        if not any(header):
            self._zero_blocks += 1
            return
        self._zero_blocks = 0
        name = header[:100].rstrip(b"\0").decode(errors="replace").removeprefix("./")
        size = _number(header[124:136]) if header[156:157] in (b"0", b"\0") else 0
        padding = -size % _BLOCK
        self.members += 1
        if name.startswith("pg_wal/"):
            self._names.add(name)
        if name in self._wanted:
            self._name, self._keep, self._skip = name, size, padding
            self.found[name] = bytearray()
        else:
            self._skip = size + padding


def _number(field: bytes) -> int:
    """Octal digits, or base 256 where the first bit is set."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big")
    return int(field.rstrip(b"\0 ") or b"0", 8)
