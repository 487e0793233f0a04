"""Names of WAL files, and where in the log they lie (PostgreSQL manual, 28.6 and 26.3)."""

import re
from dataclasses import dataclass

SEGMENT = re.compile(r"[0-9A-F]{24}")
HISTORY = re.compile(r"([0-9A-F]{8})\.history")
_ARCHIVED = re.compile(r"[0-9A-F]{24}(?:\.partial|\.[0-9A-F]{8}\.backup)?|[0-9A-F]{8}\.history")
_LSN = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")


def is_archived(name: str) -> bool:
    """Whether PostgreSQL archives files of such a name."""
    return _ARCHIVED.fullmatch(name) is not None


def parse_lsn(text: str) -> int:
    """``0/3000148`` as a position in bytes. Raises :class:`ValueError`."""
    found = _LSN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'"{text}" is no LSN')
    return (int(found[1], 16) << 32) + int(found[2], 16)


def format_lsn(position: int) -> str:
    """A position as PostgreSQL writes it."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One segment: the timeline it was written on, and its number from the log's beginning."""

    timeline: int
    number: int
    size: int = 16 * 2**20
    """In bytes, the same for all of a cluster (``initdb --wal-segsize``)."""

    @classmethod
    def parse(cls, name: str, size: int) -> "Segment":
        """Read a file name of 24 digits."""
        per_id = 2**32 // size
        high, low = int(name[8:16], 16), int(name[16:24], 16)
        return cls(int(name[:8], 16), high * per_id + low, size)

    @classmethod
    def at(cls, timeline: int, position: int, size: int) -> "Segment":
        """The segment that holds a position."""
        return cls(timeline, position // size, size)

    @property
    def name(self) -> str:
        """The file's name."""
        per_id = 2**32 // self.size
        return f"{self.timeline:08X}{self.number // per_id:08X}{self.number % per_id:08X}"

    @property
    def start(self) -> int:
        """Position of its first byte."""
        return self.number * self.size

    @property
    def end(self) -> int:
        """Position after its last byte."""
        return self.start + self.size


@dataclass(frozen=True, slots=True)
class Header:
    """The long header on the first page of a segment (``XLogLongPageHeaderData``)."""

    position: int
    system_identifier: str
    segment_size: int


def read_header(data: bytes) -> Header:
    """Read the first 40 bytes of a segment. Raises :class:`ValueError` when it is none.

    Numbers are those of a little-endian machine, which all supported ones but a few are.
    """
    if len(data) < 40:
        raise ValueError("it is too short")
    info = int.from_bytes(data[2:4], "little")
    if not info & 0x0002:
        raise ValueError("its first page has no long header")
    size = int.from_bytes(data[32:36], "little")
    if size & (size - 1) or not 2**20 <= size <= 2**30:
        raise ValueError("it names no valid segment size")
    return Header(
        position=int.from_bytes(data[8:16], "little"),
        system_identifier=str(int.from_bytes(data[24:32], "little")),
        segment_size=size,
    )
