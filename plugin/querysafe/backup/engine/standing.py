"""How the backups of an engine stand against the promise of their age."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from querysafe.backup.engine.contract import Engine, Held
from querysafe.backup.promise import of_backups
from querysafe.backup.standing import Broken, Kept, Promise, Standing


def look(engine: Engine, promise: Promise, *, now: datetime) -> Standing:
    """Ask an engine for its backups, and judge the newest whole one as a base backup.

    What an engine does not keep is not judged: when a restore was last compared, and the
    runs that failed. Raises :class:`BackupError` when the engine cannot be asked.
    """
    held = engine.backups()
    kept = tuple(_kept(engine, held))
    # An engine has no place for the notes of drills.
    judged = replace(promise, max_verified_age=timedelta.max)
    broken = tuple(
        replace(each, cure=f"{each.cure}; {engine.program} has the log")
        for each in (*of_backups(kept, {}, (), judged, now), *_damaged(engine, held))
    )
    return Standing(
        location=f"{engine.program}:{engine.name}",
        at=now,
        promise=judged,
        kept=kept,
        wal=(),
        outcomes=(),
        broken=broken,
    )


def _kept(engine: Engine, held: Sequence[Held]) -> Iterator[Kept]:
    whole = [each for each in held if each.status == "ok"]
    if not whole:
        return
    newest = whole[0]
    yield Kept(
        kind="base",
        database="",
        system=engine.name,
        count=len(whole),
        oldest=whole[-1].started,
        newest=newest.started,
        newest_id=newest.id,
        stored_bytes=newest.size or 0,
        all_bytes=sum(each.size or 0 for each in whole),
        seconds=((newest.ended or newest.started) - newest.started).total_seconds(),
        verified=None,
        rto_seconds=None,
    )


def _damaged(engine: Engine, held: Sequence[Held]) -> Iterator[Broken]:
    """The newest backup, when it failed: an older whole one hides that for days."""
    ended = [each for each in held if each.status != "unfinished"]
    if ended and ended[0].status == "damaged":
        yield Broken(
            promise="backup",
            subject=f"the cluster {engine.name}",
            words=f'the newest backup of {engine.program}, "{ended[0].id}", is damaged: '
            f"{ended[0].problem}",
            cure="make another",
        )
