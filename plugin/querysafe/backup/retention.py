"""Which backups are kept: a pure function of their times, and the reason for each.

The rule is restic's since 0.17 (its manual, "Removing snapshots according to a policy"):
newest first, each counter for itself, the newest backup of each UTC calendar day, ISO week
and month that has one, and the oldest of all while a counter has room.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from querysafe.backup.errors import RetentionError

AHEAD = timedelta(minutes=10)
"""How far a backup may lie in the future before the clock is doubted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How many days, weeks and months keep a backup. At least one counter is above 0."""

    daily: int = 7
    weekly: int = 4
    monthly: int = 12

    def __post_init__(self) -> None:
        counters = {"daily": self.daily, "weekly": self.weekly, "monthly": self.monthly}
        for name, count in counters.items():
            if count < 0:
                raise RetentionError(f'retention keeps {count} "{name}"', hint="write 0 or more")
        if not any(counters.values()):
            raise RetentionError("retention would keep nothing", hint="keep one day at least")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A complete backup, as far as retention needs it."""

    id: str
    time: datetime
    """When it began; with an offset."""
    parent: str | None = None
    """The backup that an incremental one needs."""
    locked: bool = False
    verified: bool = False
    """Whether a restore drill of it has succeeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One backup, kept for these reasons; expired when there is none."""

    candidate: Candidate
    reasons: tuple[str, ...]

    @property
    def is_kept(self) -> bool:
        """Whether anything speaks for it."""
        return bool(self.reasons)


def decide(
    candidates: Iterable[Candidate], *, now: datetime, policy: Policy | None = None
) -> tuple[Decision, ...]:
    """Decide on each backup, newest first.

    Beside the policy's choice these are kept: the newest, the newest that a drill has
    verified, locked ones, and every backup that a kept one needs. Raises
    :class:`RetentionError` when a time has no offset or lies in the future (a clock that
    jumped must not delete anything), and when two backups have one id.
    """
    given = list(candidates)
    _refuse_doubtful(given, now)
    newest_first = sorted(given, key=lambda each: (each.time, each.id), reverse=True)
    reasons = _chosen(newest_first, policy or Policy())
    if newest_first:
        reasons[newest_first[0].id].append("newest")
    for each in newest_first:
        if each.verified:
            reasons[each.id].append("newest verified")
            break
    for each in newest_first:
        if each.locked:
            reasons[each.id].append("locked")
    _keep_chains(newest_first, reasons)
    return tuple(Decision(candidate=each, reasons=tuple(reasons[each.id])) for each in newest_first)


def select(times: Sequence[datetime], policy: Policy | None = None) -> tuple[int, ...]:
    """The positions of the times that a policy alone keeps, the newest first."""
    numbered = [
        Candidate(id=f"{index:09}", time=_with_offset(time)) for index, time in enumerate(times)
    ]
    newest_first = sorted(numbered, key=lambda each: (each.time, each.id), reverse=True)
    reasons = _chosen(newest_first, policy or Policy())
    return tuple(int(each.id) for each in newest_first if reasons[each.id])


def _refuse_doubtful(candidates: Sequence[Candidate], now: datetime) -> None:
    ids: set[str] = set()
    for each in candidates:
        _with_offset(each.time)
        if each.id in ids:
            raise RetentionError(f'two backups have the id "{each.id}"')
        ids.add(each.id)
        if each.time > _with_offset(now) + AHEAD:
            raise RetentionError(
                f'the backup "{each.id}" is dated {each.time.isoformat()}, which is in the future',
                hint="set this machine's clock; nothing is expired until then",
            )


def _with_offset(time: datetime) -> datetime:
    if time.utcoffset() is None:
        raise RetentionError(
            f'the time "{time.isoformat()}" has no offset', hint="write 2026-01-31T12:00:00+00:00"
        )
    return time


def _chosen(newest_first: Sequence[Candidate], policy: Policy) -> dict[str, list[str]]:
    counters: tuple[tuple[str, int, Callable[[datetime], object]], ...] = (
        ("daily", policy.daily, lambda time: time.date()),
        ("weekly", policy.weekly, lambda time: time.isocalendar()[:2]),
        ("monthly", policy.monthly, lambda time: (time.year, time.month)),
    )
    reasons: dict[str, list[str]] = {each.id: [] for each in newest_first}
    for name, room, bucket_of in counters:
        last: object = None
        for position, each in enumerate(newest_first):
            if room == 0:
                break
            bucket = bucket_of(each.time.astimezone(UTC))
            is_oldest = position == len(newest_first) - 1
            if bucket != last or is_oldest:
                reasons[each.id].append(name if bucket != last else f"{name} (oldest)")
                last = bucket
                room -= 1
    return reasons


def _keep_chains(newest_first: Sequence[Candidate], reasons: dict[str, list[str]]) -> None:
    by_id = {each.id: each for each in newest_first}
    for each in newest_first:
        child = each
        while reasons[child.id] and child.parent in by_id:
            needed = f"needed by {child.id}"
            if needed in reasons[child.parent]:
                break
            reasons[child.parent].append(needed)
            child = by_id[child.parent]
