"""Which WAL is kept: everything from the oldest kept base backup on. Decided by positions in
the log and never by a clock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from querysafe.backup.manifest import Manifest
from querysafe.backup.wal import names
from querysafe.backup.wal.archive import Archived
from querysafe.backup.wal.coverage import segment_bytes
from querysafe.backup.wal.names import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """What becomes of the archive of one cluster."""

    system: str
    base: str | None
    """The kept base backup that begins first; without one nothing expires."""
    kept_from: str | None
    """The first segment that it needs, on its own timeline."""
    kept: int
    """How many files stay."""
    expired: tuple[Archived, ...]
    """In the order in which they are to be deleted, so that no gap ever arises."""

    @property
    def told(self) -> str:
        """The reason, for a person."""
        if self.base is None:
            return "no base backup of this cluster is kept, so nothing is known to be useless"
        return f'"{self.base}" is the oldest base backup that is kept, and begins there'


def decide(system: str, files: Iterable[Archived], kept: Sequence[Manifest]) -> Expiry:
    """Decide on every file of a cluster's archive by the base backups of it that are kept.

    A segment expires when it ends before the start of all of them, whatever its timeline;
    so do the marks of backups (``.backup``) and what a promotion left (``.partial``).
    Histories of timelines stay: they are small, and every later restore reads them.
    """
    own = [base for base in kept if base.system_identifier == system and base.start_lsn]
    every = list(files)
    if not own:
        return Expiry(system=system, base=None, kept_from=None, kept=len(every), expired=())
    oldest = min(own, key=_start)
    size = min(segment_bytes(base) for base in own)
    begin = Segment.at(int(oldest.timeline or 1), _start(oldest), size)
    expired = [
        file
        for file in every
        if not names.HISTORY.fullmatch(file.name)
        and Segment.parse(file.name[:24], size).number < begin.number
    ]
    return Expiry(
        system=system,
        base=oldest.id,
        kept_from=begin.name,
        kept=len(every) - len(expired),
        expired=tuple(sorted(expired, key=lambda file: file.name)),
    )


def _start(base: Manifest) -> int:
    return names.parse_lsn(base.start_lsn or "0/0")
