"""The moment to recover to: what was asked for, which base backup, and whether it is covered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from querysafe.backup import catalog
from querysafe.backup.errors import RestoreRefused
from querysafe.backup.keys import Identities
from querysafe.backup.manifest import Manifest
from querysafe.backup.repository import Repository
from querysafe.backup.wal import archive, names, records
from querysafe.backup.wal.coverage import Coverage, cover, stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What to recover to. At most one of the three is set; none is the end of the archive."""

    time: datetime | None = None
    """With an offset."""
    lsn: int | None = None
    name: str | None = None
    """Of a restore point."""
    timeline: int | None = None
    """The newest one by default."""

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.time, self.lsn, self.name)) > 1:
            raise RestoreRefused("more than one target is named", hint="name a time, LSN or name")
        if self.time is not None and self.time.utcoffset() is None:
            raise RestoreRefused(
                f'the time "{self.time.isoformat()}" has no offset',
                hint="write 2026-01-31T12:00:00+00:00",
            )

    def __str__(self) -> str:
        if self.time is not None:
            return self.time.isoformat()
        if self.lsn is not None:
            return f"LSN {names.format_lsn(self.lsn)}"
        return f'restore point "{self.name}"' if self.name is not None else "the latest"


def choose(
    repository: Repository,
    moment: Moment,
    *,
    id: str = "latest",
    identities: Identities | None = None,
) -> Coverage:
    """Find the newest base backup before a moment, and follow the archive from it.

    Raises :class:`BackupError` when there is none, :class:`RestoreRefused` with the covered
    window when the moment lies outside of
    it or behind a gap, before anything is touched.
    """
    bases = [catalog.find(repository, id)] if id != "latest" else _bases(repository)
    if not bases:
        bases = [catalog.newest(repository, "base", is_read_again=True)]
    seen: dict[str, bool] = {}
    refusals: list[str] = []
    for base in bases:
        if base.kind != "base":
            raise RestoreRefused(
                f'"{base.id}" is a logical backup', hint="restore it with --target URL"
            )
        coverage = cover(repository, base, timeline=moment.timeline, identities=identities)
        if _is_after(base, moment):
            refusals.append(f'"{base.id}" ended later; {coverage.told()}')
            continue
        if moment.name is not None and not _holds(
            repository, coverage, moment.name, identities, seen
        ):
            refusals.append(f'not after "{base.id}"; {coverage.told()}')
            continue
        _refuse_uncovered(coverage, moment)
        return coverage
    if moment.name is not None:
        raise RestoreRefused(
            f"the archive holds no {moment}: {'; '.join(refusals)}",
            hint="name another, or wait until its segment is archived",
        )
    raise RestoreRefused(
        f"{moment} is not covered, every base backup ended later: {refusals[-1]}",
        hint="choose a later moment; nothing older can be restored",
    )


def _bases(repository: Repository) -> Sequence[Manifest]:
    """Whole base backups, newest first, of the cluster that the newest one is of."""
    found = [
        each.manifest
        for each in catalog.listing(repository)
        if each.status == "ok" and each.manifest is not None and each.manifest.kind == "base"
    ]
    return [each for each in found if each.system_identifier == found[0].system_identifier]


def _is_after(base: Manifest, moment: Moment) -> bool:
    if moment.time is not None:
        return stopped(base) > moment.time
    if moment.lsn is not None:
        return names.parse_lsn(base.stop_lsn or "0/0") > moment.lsn
    return False


def _holds(
    repository: Repository,
    coverage: Coverage,
    name: str,
    identities: Identities | None,
    seen: dict[str, bool],
) -> bool:
    """Whether a restore point lies on the way; what was read for a newer base is known."""
    for file in coverage.chain:
        if file.object not in seen:
            data = archive.fetch(repository, file, identities)
            seen[file.object] = records.restore_point(data, name) is not None
        if seen[file.object]:
            return True
    return False


def _refuse_uncovered(coverage: Coverage, moment: Moment) -> None:
    outside = (moment.time is not None and moment.time > coverage.until) or (
        moment.lsn is not None and moment.lsn > coverage.end
    )
    if outside:
        raise RestoreRefused(
            f"{moment} is not covered; {coverage.told()}",
            hint="choose a moment within, or --to-latest"
            + ("; --timeline follows another one" if coverage.timeline != 1 else ""),
        )
    latest = moment.time is None and moment.lsn is None and moment.name is None
    if latest and coverage.missing is not None:
        raise RestoreRefused(
            f"the archive has a gap; {coverage.told()}",
            hint=f"recover to before it: --to-lsn {names.format_lsn(coverage.end)}",
        )
