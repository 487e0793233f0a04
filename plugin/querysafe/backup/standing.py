"""How a repository stands: what it holds of each database, and which promises are broken."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Every command reads the settings, and those name what is promised: nothing heavy here.
    from querysafe.backup.outcomes import Outcome
    from querysafe.backup.wal.status import WalStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What is promised of every database that has a backup."""

    max_age: timedelta = timedelta(hours=26)
    """Of the newest whole logical backup: a day, and time to make it."""
    max_base_age: timedelta = timedelta(days=8)
    """Of the newest whole base backup: a week, and a day; what is lost is a matter of the WAL."""
    max_verified_age: timedelta = timedelta(days=8)
    """Of the newest restore that was compared: a week, and a day."""
    max_wal_lag: timedelta | None = None
    """Of the newest archived segment. A server that writes nothing archives nothing unless
    ``archive_timeout`` is set, so that nothing is promised by default.
    """

    def of(self, kind: str) -> timedelta:
        """How old the newest backup of a kind may be."""
        return self.max_base_age if kind == "base" else self.max_age


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One promise that is not kept."""

    promise: str
    """``backup``, ``verified``, ``wal``, ``failure`` or ``clock``: a label of metrics."""
    subject: str
    words: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the repository has of one database, or of one cluster. Times carry an offset."""

    kind: str
    database: str
    """Empty for a cluster."""
    system: str
    count: int
    """Whole backups."""
    oldest: datetime
    newest: datetime
    newest_id: str
    stored_bytes: int
    """Of the newest."""
    all_bytes: int
    seconds: float
    """That the newest took to make."""
    verified: datetime | None
    """When a restore of one was last compared and found equal."""
    rto_seconds: float | None
    """What the last drill took to restore."""

    @property
    def subject(self) -> str:
        """How it is called in a report."""
        return f'"{self.database}"' if self.database else f"the cluster {self.system}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a repository stands at a moment."""

    location: str
    at: datetime
    promise: Promise
    kept: tuple[Kept, ...]
    wal: "tuple[WalStatus, ...]"
    outcomes: "tuple[Outcome, ...]"
    broken: tuple[Broken, ...]
    retired: tuple[str, ...] = ()
    """What is no more, so that nothing is promised of it."""

    @property
    def holds(self) -> bool:
        """Whether every promise is kept."""
        return not self.broken


def to_json(standing: Standing) -> dict[str, Any]:
    """The wire form: of the command and of the task."""
    at = standing.at
    return {
        "schema": 1,
        "repository": standing.location,
        "time": at.isoformat(),
        "holds": standing.holds,
        "broken": [
            {
                "promise": each.promise,
                "subject": each.subject,
                "problem": each.words,
                "cure": each.cure,
            }
            for each in standing.broken
        ],
        "retired": list(standing.retired),
        "databases": [
            {
                "kind": each.kind,
                "database": each.database or None,
                "system": each.system,
                "backups": each.count,
                "newest": each.newest_id,
                "newest_time": each.newest.isoformat(),
                "age_seconds": (at - each.newest).total_seconds(),
                "verified_time": each.verified.isoformat() if each.verified else None,
                "verified_age_seconds": (
                    (at - each.verified).total_seconds() if each.verified else None
                ),
                "size": each.stored_bytes,
                "total_size": each.all_bytes,
                "seconds": each.seconds,
                "rto_seconds": each.rto_seconds,
            }
            for each in standing.kept
        ],
        "wal": [
            {
                "system": each.system,
                "last": each.last.last if each.last else None,
                "lag_seconds": (at - each.last.closed).total_seconds() if each.last else None,
                "gaps": [f"{gap.first} to {gap.last}" for gap in each.gaps],
                "size": each.stored_bytes,
            }
            for each in standing.wal
        ],
        "work": [
            {
                "work": each.work,
                "subject": each.subject or None,
                "succeeded": each.succeeded.isoformat() if each.succeeded else None,
                "failed": each.failed.isoformat() if each.failed else None,
                "failures": each.failures,
                "problem": each.words or None,
            }
            for each in standing.outcomes
        ],
    }


def ago(span: timedelta) -> str:
    """A span of time for people: ``26 hours``, ``8 days``."""
    seconds = span.total_seconds()
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size or (seconds == size):
            count = round(seconds / size, 1)
            return f"{count:g} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:.0f} seconds"
