"""The records of a WAL segment, as far as a restore asks: where the last one begins, when
transactions ended, where a restore point lies.

Read here and not by ``pg_waldump``, which must be of the server's own major version and is
not always installed. The layout has been the same since PostgreSQL 9.5
(``src/include/access/xlog_internal.h``, ``xlogrecord.h``, ``xact.h``).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from querysafe.backup.wal.names import read_header

PAGE = 8192
_LONG, _SHORT = 40, 24
_IS_CONTINUATION = 0x0001
_HEADER = 24
_XLOG, _XACT = 0, 1
_RESTORE_POINT = 0x70
_ENDS = (0x00, 0x20, 0x30, 0x40)
"""Commit, abort, and both of prepared transactions (``xact.h``)."""
_KINDS = 0x70
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_DATA_SHORT, _DATA_LONG, _ORIGIN, _TOPLEVEL = 255, 254, 253, 252
_NAME_BYTES = 64


@dataclass(frozen=True, slots=True)
class Record:
    """One record that lies whole in a segment, or begins and ends in one."""

    position: int
    """Of its first byte."""
    manager: int
    info: int
    body: bytes | None
    """What follows its header; ``None`` but for transactions and restore points."""

    @property
    def ended(self) -> datetime | None:
        """When the transaction ended that it commits or rolls back."""
        if self.manager != _XACT or self.body is None or self.info & _KINDS not in _ENDS:
            return None
        data = _main_data(self.body)
        if len(data) < 8:
            return None
        return _EPOCH + timedelta(microseconds=struct.unpack_from("<q", data)[0])

    @property
    def restore_point(self) -> str | None:
        """The name that it gives to its moment."""
        if self.manager != _XLOG or self.body is None or self.info & 0xF0 != _RESTORE_POINT:
            return None
        name = _main_data(self.body)[8 : 8 + _NAME_BYTES]
        return name.partition(b"\0")[0].decode(errors="replace")


def records(data: bytes) -> Iterator[Record]:
    """The records that begin in a segment, up to the first that is not whole within it.

    Raises :class:`ValueError` when the data is no segment.
    """
    header = read_header(data)
    log = _Log(data, header.position)
    at, previous = log.first, None
    while at + _HEADER <= len(log.bytes):
        length, _, before, info, manager = struct.unpack_from("<IIQBB", log.bytes, at)
        position = log.position(at)
        if length < _HEADER or (previous is not None and before != previous):
            return
        broken = log.break_within(at, length)
        if broken is not None:
            # A crash cut it: what follows begins on the next page (OVERWRITE_CONTRECORD).
            at, previous = broken, None
            continue
        end = at + length
        if end > len(log.bytes):
            return
        wanted = (manager == _XACT) or (manager == _XLOG and info & 0xF0 == _RESTORE_POINT)
        body = bytes(log.bytes[at + _HEADER : end]) if wanted else None
        yield Record(position, manager, info, body)
        at, previous = -(-end // 8) * 8, position


def last_position(data: bytes, *, before: int | None = None) -> int | None:
    """Where the last whole record of a segment begins (before a position, where one is
    named); ``None`` when none does.
    """
    last = None
    for record in records(data):
        if before is None or record.position < before:
            last = record.position
    return last


def restore_point(data: bytes, name: str) -> int | None:
    """Where the first restore point of a name lies in a segment."""
    if name.encode() not in _Log(data, read_header(data).position).bytes:
        return None
    return next((each.position for each in records(data) if each.restore_point == name), None)


class _Log:
    """A segment without its page headers; positions in both are aligned to 8."""

    def __init__(self, data: bytes, start: int) -> None:
        self._start = start
        magic = data[:2]
        pieces: list[bytes] = []
        self._continues: list[int] = []
        """Of each page: how many bytes of an earlier record it goes on with; 0 for none."""
        for number in range(len(data) // PAGE):
            offset = number * PAGE
            flags, _, address, remaining = struct.unpack_from("<HIQI", data, offset + 2)
            if data[offset : offset + 2] != magic or address != start + offset:
                break
            size = _LONG if number == 0 else _SHORT
            pieces.append(data[offset + size : offset + PAGE])
            self._continues.append(remaining if flags & _IS_CONTINUATION else 0)
        self.bytes = b"".join(pieces)

    @property
    def first(self) -> int:
        """Where the first record begins: behind the rest of one that began earlier."""
        at = 0
        for number, remaining in enumerate(self._continues):
            at = self._page_start(number)
            room = self._page_start(number + 1) - at
            if remaining < room:
                return at + -(-remaining // 8) * 8
        return len(self.bytes)

    def position(self, at: int) -> int:
        """The LSN of a place; a place at a page's end belongs to the next page."""
        page = self._page_of(at)
        size = _LONG if page == 0 else _SHORT
        return self._start + page * PAGE + size + at - self._page_start(page)

    def break_within(self, at: int, length: int) -> int | None:
        """The page start at which a record is not gone on with though it should be."""
        first, last = self._page_of(at), self._page_of(at + length - 1)
        for page in range(first + 1, min(last, len(self._continues) - 1) + 1):
            if not self._continues[page]:
                return self._page_start(page)
        return None

    @staticmethod
    def _page_start(number: int) -> int:
        return number * (PAGE - _SHORT) - (_LONG - _SHORT if number else 0)

    @staticmethod
    def _page_of(at: int) -> int:
        return (at + _LONG - _SHORT) // (PAGE - _SHORT)


def _main_data(body: bytes) -> bytes:
    """The main data of a record that touches no blocks: transactions and restore points."""
    at = 0
    while at < len(body):
        sort = body[at]
        if sort == _DATA_SHORT:
            return body[at + 2 : at + 2 + body[at + 1]] if at + 1 < len(body) else b""
        if sort == _DATA_LONG:
            return body[at + 5 :]
        if sort == _ORIGIN:
            at += 3
        elif sort == _TOPLEVEL:
            at += 5
        else:
            return b""
    return b""
