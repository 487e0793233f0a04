"""Names of WAL files and positions in the log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from querysafe.backup.wal.names import Segment, format_lsn, is_archived, parse_lsn, read_header


@given(st.integers(0, 2**64 - 1))
def test_a_position_comes_back_as_it_was_written(position: int) -> None:
    assert parse_lsn(format_lsn(position)) == position


@given(st.integers(0, 2**60), st.sampled_from([2**20, 2**24, 2**30]))
def test_a_segment_holds_its_position_and_has_one_name(position: int, size: int) -> None:
    segment = Segment.at(1, position, size)
    assert segment.start <= position < segment.end
    assert Segment.parse(segment.name, size) == segment


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("000000010000000000000001", True),
        ("000000010000000000000001.partial", True),
        ("000000010000000000000001.00000028.backup", True),
        ("00000002.history", True),
        ("../000000010000000000000001", False),
        ("00000001000000000000000g", False),
    ],
)
def test_what_postgres_archives_is_known_by_its_name(name: str, expected: bool) -> None:
    assert is_archived(name) is expected


@pytest.mark.parametrize("data", [b"", bytes(40), b"\0\0\x02\0" + bytes(36)])
def test_what_is_no_segment_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_header(data)
