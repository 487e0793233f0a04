"""The promise of a repository, and whether it is kept: how old what could be restored may be."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from querysafe.backup import catalog, drill_notes
from querysafe.backup.catalog import Listed
from querysafe.backup.outcomes import Outcome, outcomes
from querysafe.backup.repository import Repository
from querysafe.backup.retention import AHEAD
from querysafe.backup.retired import living, retired
from querysafe.backup.standing import Broken, Kept, Promise, Standing, ago
from querysafe.backup.wal.names import Segment, parse_lsn
from querysafe.backup.wal.status import WalStatus
from querysafe.backup.wal.status import status as wal_status


def look(
    repository: Repository,
    promise: Promise | None = None,
    *,
    now: datetime,
    kinds: Sequence[str] = (),
    scheduled: Sequence[str] = (),
) -> Standing:
    """Read a repository and judge it; with ``kinds``, those kinds of backup only.

    Of each of ``kinds`` and of ``scheduled`` there must be a whole backup. What is retired is
    not judged. Raises :class:`RepositoryError` when the repository cannot be read.
    """
    everything = catalog.listing(repository)
    gone = retired(repository, everything)
    listed = living(gone, everything)
    clusters = {each.system for each in gone if not each.database}
    standing = judge(
        repository.location,
        listed=[
            each
            for each in listed
            if each.manifest is None or not kinds or each.manifest.kind in kinds
        ],
        wal=tuple(
            each for each in wal_status(repository, everything) if each.system not in clusters
        ),
        known=outcomes(repository),
        times=drill_notes.restore_seconds(repository),
        promise=promise or Promise(),
        scheduled=(*kinds, *scheduled),
        now=now,
    )
    return replace(standing, retired=tuple(each.subject for each in gone))


def judge(
    location: str,
    *,
    listed: Sequence[Listed],
    wal: tuple[WalStatus, ...] = (),
    known: tuple[Outcome, ...] = (),
    times: Mapping[str, float] | None = None,
    promise: Promise,
    scheduled: Sequence[str] = (),
    now: datetime,
) -> Standing:
    """Judge what was read: a pure function of the backups, the archive and the moment."""
    groups: dict[tuple[str, str, str], list[Listed]] = {}
    for each in listed:
        if each.manifest is not None:
            manifest = each.manifest
            group = (manifest.kind, manifest.database, manifest.system_identifier)
            groups.setdefault(group, []).append(each)
    kept = tuple(
        found
        for group in sorted(groups)
        if (found := _kept(group, groups[group], times or {})) is not None
    )
    broken = [
        *of_backups(kept, groups, listed, promise, now),
        *_of_kinds(kept, scheduled),
        *(each for status in wal for each in _of_wal(status, listed, promise, now)),
        *_of_failures(known),
    ]
    return Standing(
        location=location,
        at=now,
        promise=promise,
        kept=kept,
        wal=wal,
        outcomes=known,
        broken=tuple(broken),
    )


def _kept(
    group: tuple[str, str, str], listed: Sequence[Listed], times: Mapping[str, float]
) -> Kept | None:
    kind, database, system = group
    whole = [each for each in listed if each.status == "ok" and each.manifest is not None]
    if not whole:
        return None
    manifests = sorted(
        (each.manifest for each in whole if each.manifest is not None),
        key=lambda each: each.started,
    )
    newest = manifests[-1]
    drilled = [each for each in reversed(manifests) if each.id in times]
    return Kept(
        kind=kind,
        database=database,
        system=system,
        count=len(whole),
        oldest=manifests[0].started,
        newest=newest.started,
        newest_id=newest.id,
        stored_bytes=newest.stored_bytes,
        all_bytes=sum(each.stored_bytes for each in manifests),
        seconds=(newest.ended - newest.started).total_seconds(),
        verified=max((each.verified for each in whole if each.verified), default=None),
        rto_seconds=times[drilled[0].id] if drilled else None,
    )


def of_backups(
    kept: Sequence[Kept],
    groups: Mapping[tuple[str, str, str], Sequence[Listed]],
    listed: Sequence[Listed],
    promise: Promise,
    now: datetime,
) -> Iterator[Broken]:
    """What the promise says of the age and the proof of backups, and of damaged ones."""
    make = "run `querysafe backup create`, and see why the schedule did not"
    if not kept:
        why = f": {len(listed)} are damaged or unfinished" if listed else ""
        yield Broken(
            promise="backup", subject="", words=f"there is no whole backup{why}", cure=make
        )
    for each in kept:
        if each.newest > now + AHEAD:
            yield Broken(
                promise="clock",
                subject=each.subject,
                words=f'the newest {each.kind} backup of {each.subject}, "{each.newest_id}", lies '
                f"{ago(each.newest - now)} in the future",
                cure="set the clocks of the machines that make and watch backups",
            )
        elif now - each.newest > promise.of(each.kind):
            yield Broken(
                promise="backup",
                subject=each.subject,
                words=f"the newest {each.kind} backup of {each.subject} is "
                f"{ago(now - each.newest)} old; {ago(promise.of(each.kind))} are promised",
                cure=make,
            )
        since = each.verified or each.oldest
        if now - since > promise.max_verified_age:
            told = (
                f"was last restored and compared {ago(now - since)} ago"
                if each.verified
                else f"was never restored and compared in {ago(now - since)}"
            )
            yield Broken(
                promise="verified",
                subject=each.subject,
                words=f"a {each.kind} backup of {each.subject} {told}; "
                f"{ago(promise.max_verified_age)} are promised",
                cure=f"run `querysafe backup drill --kind {each.kind}`",
            )
    whole = {(each.kind, each.database, each.system): each.newest for each in kept}
    for (kind, database, system), found in groups.items():
        newest = whole.get((kind, database, system))
        for one in found:
            if one.status == "damaged" and one.manifest is not None:
                if newest is not None and one.manifest.started < newest:
                    continue
                subject = f'"{database}"' if database else f"the cluster {system}"
                yield Broken(
                    promise="backup",
                    subject=subject,
                    words=f'the newest {kind} backup of {subject}, "{one.id}", is damaged: '
                    f"{one.problem}",
                    cure="make another, and look at the store",
                )
                break


def _of_kinds(kept: Sequence[Kept], scheduled: Sequence[str]) -> Iterator[Broken]:
    if not kept:
        return  # which is said already
    for kind in dict.fromkeys(scheduled):
        if all(each.kind != kind for each in kept):
            yield Broken(
                promise="backup",
                subject=kind,
                words=f"there is no whole {kind} backup, which the schedule makes",
                cure=f"run `querysafe backup create --kind {kind}`, and see why the schedule "
                "did not",
            )


def _of_wal(
    status: WalStatus, listed: Sequence[Listed], promise: Promise, now: datetime
) -> Iterator[Broken]:
    subject = f"the cluster {status.system}"
    begin = _newest_base_begins(status, listed)
    for gap in status.gaps:
        if gap.last[8:] < begin:
            continue  # A base backup was made since: what comes next can be restored again.
        missing = gap.first if gap.count == 1 else f"{gap.first} to {gap.last}"
        yield Broken(
            promise="wal",
            subject=subject,
            words=f"the WAL archive of {subject} lacks {missing}: no moment after it can be "
            "restored from an earlier base backup",
            cure="run `querysafe backup create --kind base`",
        )
    if promise.max_wal_lag is not None and status.last is not None:
        lag = now - status.last.closed
        if lag > promise.max_wal_lag:
            yield Broken(
                promise="wal",
                subject=subject,
                words=f"the WAL archive of {subject} is {ago(lag)} behind; "
                f"{ago(promise.max_wal_lag)} are promised",
                cure="look at pg_stat_archiver and at the server's log",
            )


def _newest_base_begins(status: WalStatus, listed: Sequence[Listed]) -> str:
    """The segment at which the newest base backup of a cluster begins, without its timeline."""
    begins = (
        Segment.at(0, parse_lsn(each.manifest.start_lsn), status.segment_bytes).name[8:]
        for each in listed
        if each.status == "ok"
        and each.manifest is not None
        and each.manifest.system_identifier == status.system
        and each.manifest.start_lsn is not None
    )
    return max(begins, default="")


def _of_failures(known: Sequence[Outcome]) -> Iterator[Broken]:
    for each in known:
        # What verify and drills find is remembered of the backup itself; what fails here is
        # work that a later run did not mend.
        if each.is_failing:
            of = f" of {each.subject}" if each.subject else ""
            times = f"{each.failures} times in a row" if each.failures > 1 else "the last time"
            yield Broken(
                promise="failure",
                subject=each.subject,
                words=f"`{each.work}`{of} failed {times}: {each.words}",
                cure=f"run `querysafe backup {each.work.replace('_', '-')}` and see",
            )
