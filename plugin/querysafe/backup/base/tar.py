"""Tar streams of PostgreSQL: looked at while they pass, or read member by member.

The format is POSIX ustar as PostgreSQL writes it (``src/common``, ``tarCreateHeader``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from querysafe.backup.errors import BackupError

_BLOCK = 512
_KINDS = {b"0": "file", b"\0": "file", b"5": "folder"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What a header announces."""

    name: str
    kind: str
    """``file``, ``folder``, or ``other`` for links and whatever else there is."""
    size: int
    """Bytes that follow."""


class Source(Protocol):
    """A stream that fills a buffer."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer as far as there is something; 0 at the end."""
        ...


class TarReader:
    """Reads members one after the other through one buffer: nothing else holds their bytes.

    Damage is a :class:`ValueError`.
    """

    def __init__(self, source: Source, buffer_bytes: int = 2**20) -> None:
        self._source = source
        self._buffer = memoryview(bytearray(buffer_bytes))
        self._ready = self._buffer[:0]
        self._left = 0
        self._padding = 0

    def members(self) -> Iterator[Member]:
        """Every member; what was not read of the one before is passed over."""
        while True:
            for _ in self.pieces():
                pass
            self._skip(self._padding)
            member = read_header(self._header())
            if member is None:
                return
            self._left, self._padding = member.size, -member.size % _BLOCK
            yield member

    def pieces(self) -> Iterator[memoryview]:
        """The bytes of the present member. A piece is good until the next one is asked for."""
        while self._left:
            piece = self._take(self._left)
            self._left -= len(piece)
            yield piece

    def _header(self) -> bytes:
        header = b""
        while len(header) < _BLOCK:
            header += self._take(_BLOCK - len(header))
        return header

    def _skip(self, count: int) -> None:
        while count:
            count -= len(self._take(count))

    def _take(self, most: int) -> memoryview:
        if not self._ready:
            self._ready = self._buffer[: self._source.readinto(self._buffer)]
            if not self._ready:
                raise ValueError("it ends too early")
        piece, self._ready = self._ready[:most], self._ready[most:]
        return piece


def read_header(header: bytes) -> Member | None:
    """Read a block; ``None`` for one of zeros, which ends an archive.

    Raises :class:`ValueError` when its checksum is wrong.
    """
    if not any(header):
        return None
    told = int(header[148:156].rstrip(b"\0 ") or b"0", 8)
    if told != sum(header) - sum(header[148:156]) + 8 * ord(" "):
        raise ValueError("the checksum of a header is wrong")
    prefix = header[345:500] if header[257:262] == b"ustar" else b""
    words = [part.partition(b"\0")[0] for part in (prefix, header[:100])]
    return Member(
        name=b"/".join(filter(None, words)).decode(errors="surrogateescape"),
        kind=_KINDS.get(header[156:157], "other"),
        size=_number(header[124:136]),
    )


class TarWatch:
    """Reads a source and passes it on. ``wanted`` members are kept whole in ``found``."""

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
                    try:
                        self._begin(bytes(self._header))
                    except ValueError:
                        raise BackupError("what was written is no tar archive") from None
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
