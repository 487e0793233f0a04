"""What an archive holds, where its gaps are, and what of it expires."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from querysafe.backup.manifest import Manifest, Part
from querysafe.backup.wal import expiry, names, status
from querysafe.backup.wal.archive import Archived
from querysafe.backup.wal.names import Segment

SIZE = 16 * 2**20
NOW = datetime(2026, 1, 31, tzinfo=UTC)


def archived(timeline: int, number: int, suffix: str = "") -> Archived:
    name = Segment(timeline, number, SIZE).name + suffix
    return named(name, NOW + timedelta(minutes=number))


def named(name: str, closed: datetime = NOW) -> Archived:
    return Archived(
        name=name, sha256="0" * 64, object=f"wal/7/{name}", size=10, modified=NOW, closed=closed
    )


def base(id: int, number: int, *, timeline: int = 1, system: str = "7", ended: int = 0) -> Manifest:
    part = Part(
        name="base.tar.zst",
        raw_bytes=1,
        raw_sha256="0" * 64,
        stored_bytes=1,
        stored_sha256="0" * 64,
    )
    return Manifest(
        id=f"20260131T000000Z-{id:08x}",
        kind="base",
        server_version="18.1",
        system_identifier=system,
        started=NOW + timedelta(days=ended),
        ended=NOW + timedelta(days=ended),
        start_lsn=names.format_lsn(number * SIZE + 40),
        stop_lsn=names.format_lsn(number * SIZE + 400),
        timeline=timeline,
        parts=(part,),
    )


def test_a_gap_is_told_with_its_ends() -> None:
    files = [archived(1, number) for number in (3, 4, 7, 8)] + [archived(2, 8), archived(2, 9)]
    found = status.describe("7", files, size=SIZE)
    (gap,) = found.gaps
    assert (gap.first[-2:], gap.last[-2:], gap.count) == ("05", "06", 2)
    assert [(each.number, each.segments) for each in found.timelines] == [(1, 4), (2, 2)]
    assert found.last is not None
    assert found.last.number == 2
    assert found.stored_bytes == 60


def test_a_gap_before_the_oldest_base_backup_does_not_count() -> None:
    files = [archived(1, number) for number in (3, 7, 8)]
    assert status.describe("7", files, size=SIZE, begin=7).gaps == ()
    (gap,) = status.describe("7", files, size=SIZE, begin=5).gaps
    assert (gap.first[-2:], gap.count) == ("05", 2)


def test_nothing_archived_is_a_state_too() -> None:
    found = status.describe("7", [], size=SIZE)
    assert found.timelines == ()
    assert found.last is None


def test_wal_before_the_oldest_kept_base_backup_expires() -> None:
    files = [
        *(archived(1, number) for number in range(1, 9)),
        archived(1, 2, ".00000028.backup"),
        archived(1, 8, ".partial"),
        named("00000002.history"),
    ]
    done = expiry.decide("7", files, [base(1, 6), base(2, 4), base(3, 9, system="8")])
    assert [file.name[-6:] for file in done.expired] == ["000001", "000002", "backup", "000003"]
    assert done.kept_from == Segment(1, 4, SIZE).name
    assert done.base == base(2, 4).id
    assert "oldest base backup that is kept" in done.told


def test_without_a_kept_base_backup_of_the_cluster_nothing_expires() -> None:
    files = [archived(1, number) for number in range(1, 9)]
    done = expiry.decide("7", files, [base(1, 6, system="8")])
    assert (done.expired, done.kept, done.kept_from) == ((), 8, None)
    assert "no base backup" in done.told


@given(
    places=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 700)), unique=True, max_size=30),
    begins=st.lists(st.integers(0, 700), min_size=1, max_size=5),
    days=st.lists(st.integers(-4000, 4000), min_size=5, max_size=5),
)
def test_what_a_kept_base_backup_needs_never_expires_and_all_else_does(
    places: list[tuple[int, int]], begins: list[int], days: list[int]
) -> None:
    files = [archived(timeline, number) for timeline, number in places]
    kept = [base(index, number, ended=days[index]) for index, number in enumerate(begins)]
    done = expiry.decide("7", files, kept)
    numbers = [Segment.parse(file.name, SIZE).number for file in done.expired]
    assert all(number < min(begins) for number in numbers)
    assert len(numbers) == sum(1 for _, number in places if number < min(begins))
    assert done.kept == len(files) - len(numbers)
    by_timeline = sorted(done.expired, key=lambda file: file.name)
    assert list(done.expired) == by_timeline
