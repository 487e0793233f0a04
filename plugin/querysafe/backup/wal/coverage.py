"""What the archive covers after a base backup: an unbroken chain of segments, or a gap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from querysafe.backup.errors import BackupError, DamagedBackup, ManifestError
from querysafe.backup.keys import Identities
from querysafe.backup.manifest import Manifest
from querysafe.backup.repository import Repository
from querysafe.backup.wal import archive, names, timelines
from querysafe.backup.wal.archive import Archived
from querysafe.backup.wal.names import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The way from a base backup on, as far as it has no gap."""

    base: Manifest
    timeline: int
    chain: tuple[Archived, ...]
    """Archived segments in order."""
    histories: tuple[Archived, ...]
    end: int
    """The position up to which every byte is there."""
    missing: str | None
    """The first segment that is missing although later ones are there."""

    @property
    def until(self) -> datetime:
        """The moment up to which it surely reaches: when its last segment was closed."""
        size = self.segment_bytes
        whole = [
            file for file in self.chain if names.Segment.parse(file.name, size).end <= self.end
        ]
        closed = [file.closed or file.modified for file in whole[-1:]]
        return max(*closed, stopped(self.base)) if closed else stopped(self.base)

    @property
    def segment_bytes(self) -> int:
        """The size of a segment."""
        return segment_bytes(self.base)

    def told(self) -> str:
        """The covered window, for a person."""
        window = f"{stopped(self.base).isoformat()} to {self.until.isoformat()}"
        lsn = f"LSN {self.base.stop_lsn} to {names.format_lsn(self.end)}"
        gap = f"; the segment {self.missing} is missing after that" if self.missing else ""
        return f"covered: {window}, {lsn} on timeline {self.timeline}{gap}"


def stopped(base: Manifest) -> datetime:
    """When a base backup was over, by the server's clock. Raises :class:`ManifestError`."""
    text = base.facts.get("stopped")
    try:
        time = datetime.fromisoformat(text) if text else base.ended
    except (TypeError, ValueError):
        time = datetime.min
    if time.utcoffset() is None:
        raise ManifestError(f'the manifest of "{base.id}" says "{text}", which is no time')
    return time


def segment_bytes(base: Manifest) -> int:
    """The size of a segment of the cluster that a base backup is of.

    Raises :class:`ManifestError` for what is no such size.
    """
    size = base.facts.get("wal_segment_size", 16 * 2**20)
    if not isinstance(size, int) or size & (size - 1) or not 2**20 <= size <= 2**30:
        raise ManifestError(f'the manifest of "{base.id}" says that a segment has {size} bytes')
    return size


def read_histories(
    repository: Repository, system: str, identities: Identities | None = None
) -> tuple[dict[int, tuple[tuple[int, int], ...]], tuple[Archived, ...]]:
    """Every timeline's ancestors, and the files that say so."""
    histories: dict[int, tuple[tuple[int, int], ...]] = {}
    files: list[Archived] = []
    for file in archive.files(repository, system):
        found = names.HISTORY.fullmatch(file.name)
        if found:
            text = archive.fetch(repository, file, identities).decode(errors="replace")
            try:
                histories[int(found[1], 16)] = timelines.read_history(text)
            except (ValueError, IndexError):
                raise BackupError(f'the archived "{file.name}" cannot be understood') from None
            files.append(file)
    return histories, tuple(files)


def read_segments(repository: Repository, system: str) -> dict[str, Archived]:
    """Every archived segment of a cluster, by name.

    Raises :class:`DamagedBackup` when two different ones have one name.
    """
    segments: dict[str, Archived] = {}
    for file in archive.files(repository, system):
        if names.SEGMENT.fullmatch(file.name):
            other = segments.setdefault(file.name, file)
            if other.sha256 != file.sha256:
                raise DamagedBackup(f'the archive holds two different files named "{file.name}"')
    return segments


def cover(
    repository: Repository,
    base: Manifest,
    *,
    timeline: int | None = None,
    identities: Identities | None = None,
) -> Coverage:
    """Follow the archive from a base backup on. ``timeline`` is the newest by default.

    Raises :class:`BackupError` when the timeline does not go through the backup.
    """
    system = base.system_identifier
    histories, files = read_histories(repository, system, identities)
    begun, stop = int(base.timeline or 1), names.parse_lsn(base.stop_lsn or "0/0")
    chosen = timeline or timelines.latest(histories, begun, stop)
    path = timelines.path_to(chosen, histories)
    if not timelines.descends(path, begun, stop):
        raise BackupError(
            f'timeline {chosen} does not go through the base backup "{base.id}"',
            hint="choose another --timeline, or an older base backup with --id",
        )
    segments = read_segments(repository, system)
    size = segment_bytes(base)
    chain, end = _follow(path, base, segments, size)
    return Coverage(
        base=base,
        timeline=chosen,
        chain=chain,
        histories=files,
        end=end,
        missing=_gap(path, segments, end, size),
    )


def _follow(
    path: Sequence[timelines.Stretch],
    base: Manifest,
    segments: Mapping[str, Archived],
    size: int,
) -> tuple[tuple[Archived, ...], int]:
    """The archived segments from the backup's last one on, and the position where they end.

    The backup itself holds the segments from its start to its stop. Its last one is whole,
    since a primary switches to another at the end of a backup; a standby cannot.
    """
    stop = names.parse_lsn(base.stop_lsn or "0/0")
    own = (stop - 1) // size
    end, number = stop, own
    if not base.facts.get("standby"):
        end = (own + 1) * size
    chain: list[Archived] = []
    while True:
        found = _segment(path, segments, number, size)
        if found is not None:
            file, until = found
            chain.append(file)
            end = min((number + 1) * size, until)
            if end < (number + 1) * size:
                break
        elif end < (number + 1) * size:
            break
        number += 1
    return tuple(chain), end


def _segment(
    path: Sequence[timelines.Stretch], segments: Mapping[str, Archived], number: int, size: int
) -> tuple[Archived, int] | None:
    """The file that holds a segment: that of the newest timeline, as PostgreSQL looks; and the
    position up to which it lies on the path.
    """
    until = (number + 1) * size
    for stretch in reversed(path):
        reaches = stretch.end is None or number * size < stretch.end
        if stretch.begin // size <= number and reaches:
            file = segments.get(Segment(stretch.timeline, number, size).name)
            if stretch.end is not None:
                until = min(until, stretch.end)
            if file is not None:
                return file, until
    return None


def _gap(
    path: Sequence[timelines.Stretch], segments: Mapping[str, Archived], end: int, size: int
) -> str | None:
    missing = end // size
    on_path = {stretch.timeline: stretch for stretch in path}
    for name in segments:
        segment = Segment.parse(name, size)
        stretch = on_path.get(segment.timeline)
        if (
            stretch is not None
            and segment.number > missing
            and (stretch.end is None or segment.start < stretch.end)
        ):
            timeline = next(
                each.timeline for each in reversed(path) if each.begin // size <= missing
            )
            return Segment(timeline, missing, size).name
    return None
