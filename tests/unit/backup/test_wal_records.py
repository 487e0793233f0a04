"""The records of a segment, built here byte by byte as PostgreSQL writes them."""

import struct
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from querysafe.backup.wal import records

SIZE = 2**20
START = 3 * SIZE
PAGE = 8192
XLOG, XACT, OTHER = 0, 1, 10
TIME = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


class Log:
    """Writes records into a segment."""

    def __init__(self, *, continues: int = 0) -> None:
        self._data = bytearray()
        self._previous = 0
        if continues:
            self._write(bytes(continues), begun=True)
            self._align()

    def add(self, manager: int, info: int, body: bytes, *, written: int | None = None) -> int:
        """Add a record, or only so many bytes of it, as a crash leaves it; return its place."""
        if len(self._data) % PAGE == 0:
            self._begin_page(0)
        position = START + len(self._data)
        length = 24 + len(body)
        head = struct.pack("<IIQBBHI", length, 7, self._previous, info, manager, 0, 0)
        self._write((head + body)[:written], begun=False, length=length)
        if written is None:
            self._previous = position
            self._align()
        else:
            self._data += bytes(-len(self._data) % PAGE)
        return position

    def bytes(self) -> bytes:
        return bytes(self._data[:SIZE].ljust(SIZE, b"\0"))

    def _write(self, data: bytes, *, begun: bool, length: int = 0) -> None:
        left = length or len(data)
        while data:
            if len(self._data) % PAGE == 0:
                self._begin_page(left if begun else 0)
            room = PAGE - len(self._data) % PAGE
            piece, data = data[:room], data[room:]
            self._data += piece
            left -= len(piece)
            begun = True

    def _begin_page(self, remaining: int) -> None:
        at = len(self._data)
        flags = (0 if at else 2) | (1 if remaining else 0)
        self._data += struct.pack("<HHIQI4x", 0xD116, flags, 1, START + at, remaining)
        if at == 0:
            self._data += struct.pack("<QII", 77, SIZE, PAGE)

    def _align(self) -> None:
        self._data += bytes(-len(self._data) % 8)


def ended(time: datetime, *, more: bytes = b"") -> bytes:
    micro = (time - datetime(2000, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    data = struct.pack("<q", micro) + more
    return bytes((255, len(data))) + data


def named(name: str) -> bytes:
    data = struct.pack("<q", 0) + name.encode().ljust(64, b"\0")
    return bytes((255, len(data))) + data


def places(data: bytes) -> list[int]:
    return [record.position for record in records.records(data)]


def test_records_are_found_with_the_end_of_transactions_and_restore_points() -> None:
    log = Log()
    expected = [
        log.add(OTHER, 0, b"x" * 100),
        log.add(XACT, 0x00, ended(TIME)),
        log.add(XACT, 0x80 | 0x20, bytes((253, 1, 0, 252, 9, 9, 9, 9)) + ended(TIME)),
        log.add(XACT, 0x10, ended(TIME)),
        log.add(XLOG, 0x70, named("before the storm")),
        log.add(XLOG, 0x40, b""),
    ]
    found = list(records.records(log.bytes()))
    assert [record.position for record in found] == expected
    assert [record.ended for record in found] == [None, TIME, TIME, None, None, None]
    assert found[4].restore_point == "before the storm"
    assert records.restore_point(log.bytes(), "before the storm") == expected[4]
    assert records.restore_point(log.bytes(), "before") is None
    assert records.last_position(log.bytes()) == expected[-1]
    assert records.last_position(log.bytes(), before=expected[2]) == expected[1]


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 30_000), min_size=1, max_size=20),
    continues=st.sampled_from([0, 1, 9000, 8]),
)
def test_records_that_cross_pages_are_found(sizes: list[int], continues: int) -> None:
    log = Log(continues=continues)
    expected = [log.add(XACT, 0, ended(TIME, more=b"m" * min(size, 200))) for size in sizes]
    big = [log.add(OTHER, 0, b"b" * size) for size in sizes]
    found = [place for place in expected + big if place < START + SIZE]
    assert places(log.bytes())[: len(found) - 1] == found[: len(found) - 1]


def test_a_record_that_ends_in_the_next_segment_is_not_the_last() -> None:
    log = Log()
    whole = log.add(OTHER, 0, b"x")
    log.add(OTHER, 0, b"x" * SIZE)
    assert records.last_position(log.bytes()) == whole
    assert records.last_position(Log(continues=2 * SIZE).bytes()) is None


def test_a_record_that_a_crash_cut_is_passed_over() -> None:
    log = Log()
    first = log.add(OTHER, 0, b"x" * 4000)
    log.add(OTHER, 0, b"x" * 9000, written=4000)
    after = log.add(XACT, 0, ended(TIME))
    assert places(log.bytes()) == [first, after]


def test_what_an_earlier_use_of_the_file_left_is_no_record() -> None:
    log = Log()
    only = log.add(OTHER, 0, b"x" * 9000)
    data = bytearray(log.bytes())
    stale = Log()
    stale.add(OTHER, 0, b"y" * 60_000)
    end = 40 + 24 + 9000 + 24 + 8
    page = -(-end // PAGE) * PAGE
    data[page:] = stale.bytes()[page:]
    struct.pack_into("<Q", data, page + 8, START + 5 * SIZE + page)
    assert places(bytes(data))[:1] == [only]
    assert all(place < START + page for place in places(bytes(data)))


def test_what_is_no_segment_is_refused() -> None:
    with pytest.raises(ValueError, match="no long header"):
        places(bytes(SIZE))
