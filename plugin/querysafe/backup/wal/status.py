"""The state of a WAL archive: what is there on each timeline, and every gap in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from querysafe.backup import catalog
from querysafe.backup.catalog import Listed
from querysafe.backup.repository import Repository
from querysafe.backup.wal import archive, cluster, names
from querysafe.backup.wal.archive import Archived
from querysafe.backup.wal.coverage import segment_bytes
from querysafe.backup.wal.names import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Segments that are missing between two that are there."""

    first: str
    last: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """What the archive holds of one timeline."""

    number: int
    first: str
    last: str
    segments: int
    closed: datetime
    """When the server last wrote to the last one."""
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalStatus:
    """What the archive holds of one cluster."""

    system: str
    segment_bytes: int
    timelines: tuple[Timeline, ...]
    """In the order of their numbers; none when nothing is archived."""
    stored_bytes: int
    kept_from: str | None
    """Without the timeline: where the oldest base backup begins. Gaps before it do not count;
    ``None`` when there is no base backup, and every gap counts."""

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Every gap that a restore would meet."""
        return tuple(gap for timeline in self.timelines for gap in timeline.gaps)

    @property
    def last(self) -> Timeline | None:
        """The timeline that was written to last."""
        return max(self.timelines, key=lambda each: each.closed, default=None)


def status(repository: Repository, listed: Iterable[Listed] | None = None) -> tuple[WalStatus, ...]:
    """The archives of every cluster that the repository knows, from their names alone.

    ``listed`` are the backups, where they have been listed already. Raises
    :class:`RepositoryError` when the repository cannot be read.
    """
    bases = [
        each.manifest
        for each in (catalog.listing(repository) if listed is None else listed)
        if each.manifest is not None and each.manifest.kind == "base" and each.status == "ok"
    ]
    found = []
    for system in cluster.known(repository):
        own = [base for base in bases if base.system_identifier == system]
        size = segment_bytes(own[0]) if own else 16 * 2**20
        starts = [names.parse_lsn(base.start_lsn or "0/0") // size for base in own]
        segments = list(archive.files(repository, system))
        found.append(describe(system, segments, size=size, begin=min(starts, default=None)))
    return tuple(found)


def describe(
    system: str, files: Iterable[Archived], *, size: int, begin: int | None = None
) -> WalStatus:
    """The state of an archive from the files in it; ``begin`` is the number of the segment at
    which the oldest base backup begins.
    """
    by_timeline: dict[int, dict[int, Archived]] = {}
    stored = 0
    for file in files:
        stored += sum(copy.size for copy in file.copies)
        if names.SEGMENT.fullmatch(file.name):
            segment = Segment.parse(file.name, size)
            by_timeline.setdefault(segment.timeline, {})[segment.number] = file
    return WalStatus(
        system=system,
        segment_bytes=size,
        timelines=tuple(
            _timeline(number, by_timeline[number], size, begin or 0)
            for number in sorted(by_timeline)
        ),
        stored_bytes=stored,
        kept_from=None if begin is None else Segment(0, begin, size).name[8:],
    )


def _timeline(timeline: int, files: Mapping[int, Archived], size: int, begin: int) -> Timeline:
    numbers = sorted(files)
    gaps = []
    for earlier, later in pairwise(numbers):
        first = max(earlier + 1, begin)
        if first < later:
            gaps.append(
                Gap(
                    first=Segment(timeline, first, size).name,
                    last=Segment(timeline, later - 1, size).name,
                    count=later - first,
                )
            )
    last = files[numbers[-1]]
    return Timeline(
        number=timeline,
        first=files[numbers[0]].name,
        last=last.name,
        segments=len(numbers),
        closed=last.closed or last.modified,
        gaps=tuple(gaps),
    )
