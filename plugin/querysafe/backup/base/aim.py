"""What recovery is told to stop at, decided from the archived WAL itself before it starts.

PostgreSQL refuses to end recovery before a target that it was given (since version 13), but
without one it takes any hole or damage for the end of the log, and promotes with data
missing. So it is given one always: the last record of the archive is the target of "latest".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC

from querysafe.backup.base.target import Moment
from querysafe.backup.wal import names, records
from querysafe.backup.wal.archive import Archived
from querysafe.backup.wal.coverage import Coverage

Fetch = Callable[[Archived], bytes]
"""Brings a segment to where recovery will look for it, proven, and returns what it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Where recovery stops."""

    settings: Mapping[str, str] = field(default_factory=dict)
    """PostgreSQL's settings; none when the base backup's own WAL is all that there is."""
    segments: int = 0
    """How many archived segments it reads."""


def aim(coverage: Coverage, moment: Moment, fetch: Fetch, *, inclusive: bool = True) -> Aim:
    """Fetch every segment that recovery reads up to a moment, and say where it stops."""
    chain = coverage.chain
    if moment.time is not None:
        past = _ends_after(moment, inclusive=inclusive)
        found = _first(chain, fetch, past)
        if found is not None:
            time = moment.time.astimezone(UTC).isoformat(sep=" ")
            settings = {"recovery_target_time": time}
            return _aimed(settings, chain, found, fetch, inclusive=inclusive)
    elif moment.name is not None:
        name = moment.name
        found = _first(chain, fetch, lambda _, data: records.restore_point(data, name) is not None)
        if found is not None:
            return _aimed({"recovery_target_name": name}, chain, found, fetch)
    elif moment.lsn is not None:
        lsn = moment.lsn
        size = coverage.segment_bytes
        found = _first(
            chain,
            fetch,
            lambda file, data: (
                names.Segment.parse(file.name, size).end > lsn
                and (records.last_position(data, before=coverage.end) or 0) >= lsn
            ),
        )
        if found is not None:
            settings = {"recovery_target_lsn": names.format_lsn(lsn)}
            return _aimed(settings, chain, found, fetch, inclusive=inclusive)
    return _to_the_end(coverage, fetch)


def _ends_after(moment: Moment, *, inclusive: bool) -> Callable[[Archived, bytes], bool]:
    """Whether recovery to a time stops in a segment: at a transaction that ended later."""
    time = moment.time
    assert time is not None

    def look(file: Archived, data: bytes) -> bool:
        if file.closed is not None and file.closed < time:
            return False
        return any(
            record.ended is not None
            and (record.ended > time or (not inclusive and record.ended == time))
            for record in records.records(data)
        )

    return look


def _first(
    chain: Sequence[Archived], fetch: Fetch, holds: Callable[[Archived, bytes], bool]
) -> int | None:
    for number, file in enumerate(chain):
        if holds(file, fetch(file)):
            return number
    return None


def _aimed(
    settings: Mapping[str, str],
    chain: Sequence[Archived],
    found: int,
    fetch: Fetch,
    *,
    inclusive: bool = True,
) -> Aim:
    """The next segment is needed too: the record may go on in it."""
    for file in chain[found + 1 : found + 2]:
        fetch(file)
    told = {"recovery_target_inclusive": "on" if inclusive else "off"}
    return Aim(settings={**settings, **told}, segments=len(chain[: found + 2]))


def _to_the_end(coverage: Coverage, fetch: Fetch) -> Aim:
    chain = coverage.chain
    for file in chain:
        fetch(file)
    for file in reversed(chain):
        last = records.last_position(fetch(file), before=coverage.end)
        if last is not None and last >= names.parse_lsn(coverage.base.stop_lsn or "0/0"):
            settings = {
                "recovery_target_lsn": names.format_lsn(last),
                "recovery_target_inclusive": "on",
            }
            return Aim(settings=settings, segments=len(chain))
    return Aim(segments=len(chain))
