"""Expiring backups: what retention decided is carried out, the manifest first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from querysafe.backup import catalog, data_key, streams, verdicts
from querysafe.backup.catalog import Listed
from querysafe.backup.errors import DamagedBackup, ObjectMissing, RetentionError
from querysafe.backup.manifest import Manifest
from querysafe.backup.repository import Repository
from querysafe.backup.retention import Candidate, Decision, Policy, decide
from querysafe.backup.wal import archive, cluster
from querysafe.backup.wal import expiry as logs
from querysafe.backup.wal.expiry import Expiry


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """What an expiry decided and did."""

    decisions: tuple[Decision, ...]
    left_alone: tuple[Listed, ...]
    """Damaged and unfinished ones, which do not count."""
    swept: tuple[str, ...]
    dry_run: bool
    wal: tuple[Expiry, ...] = ()
    """What becomes of the WAL archive of each cluster."""


def expire(
    repository: Repository,
    *,
    now: datetime,
    policy: Policy | None = None,
    dry_run: bool = False,
    deleted: Callable[[str], None] | None = None,
) -> Expired:
    """Delete the backups that nothing keeps, and what dead ones left behind.

    Databases and kinds are judged apart, so that a busy one never pushes another out.
    Only whole backups count; damaged ones are named and left alone. Before anything of a
    group goes, every byte of its newest backup is read: one that turns out to be damaged
    does not count either. The WAL is kept from the start of the oldest base backup on that
    is not deleted. Raises :class:`RetentionError` when the clock is in doubt; nothing is
    then deleted.
    """
    groups, listed = _judged(repository, now, policy, dry_run=dry_run)
    decisions = tuple(decision for group in groups for decision in group)
    _refuse_to_empty(decisions)
    gone = {decision.candidate.id for decision in decisions if not decision.is_kept}
    bases = [
        each.manifest
        for each in listed
        if each.manifest is not None and each.manifest.kind == "base" and each.id not in gone
    ]
    wal = tuple(
        logs.decide(system, archive.files(repository, system), bases)
        for system in cluster.known(repository)
    )
    swept: tuple[str, ...] = ()
    if not dry_run:
        for decision in sorted(decisions, key=_children_first, reverse=True):
            if not decision.is_kept:
                catalog.remove(repository, decision.candidate.id)
                if deleted is not None:
                    deleted(decision.candidate.id)
        for log in wal:
            for file in log.expired:
                for copy in file.copies:
                    repository.delete(copy.object)
        swept = catalog.sweep(repository, now)
    return Expired(
        decisions=tuple(sorted(decisions, key=lambda each: each.candidate.id, reverse=True)),
        left_alone=tuple(each for each in listed if each.status != "ok"),
        swept=swept,
        dry_run=dry_run,
        wal=wal,
    )


def _judged(
    repository: Repository, now: datetime, policy: Policy | None, *, dry_run: bool
) -> tuple[list[tuple[Decision, ...]], tuple[Listed, ...]]:
    """The decisions of each group, newest first, when the newest that counts was read through."""
    listed = catalog.listing(repository)
    proven: set[str] = set()
    while True:
        groups: dict[tuple[str, str, str], list[Listed]] = {}
        for each in listed:
            if each.status == "ok" and (manifest := each.manifest) is not None:
                group = (manifest.kind, manifest.system_identifier, manifest.database)
                groups.setdefault(group, []).append(each)
        decided = [decide(_candidates(group), now=now, policy=policy) for group in groups.values()]
        damaged = _damaged(repository, listed, decided, proven)
        if not damaged:
            return decided, listed
        for each in () if dry_run else damaged.values():
            verdicts.note(repository, each.id, now=now, problems=(each.problem,))
        listed = tuple(damaged.get(each.id, each) for each in listed)


def _candidates(group: list[Listed]) -> Iterator[Candidate]:
    """What retention needs of each; where none was restored, one that was read counts as verified."""
    was_restored = any(each.verdict.restored for each in group)
    for each in group:
        assert each.manifest is not None
        looked = each.verdict.restored if was_restored else each.verdict.checked
        yield Candidate(
            id=each.id,
            time=each.manifest.started,
            parent=each.manifest.parent,
            locked=each.is_locked,
            verified=looked is not None,
        )


def _damaged(
    repository: Repository,
    listed: tuple[Listed, ...],
    decided: list[tuple[Decision, ...]],
    proven: set[str],
) -> dict[str, Listed]:
    """Read the newest of every group that is to lose a backup; the first that is damaged,
    with those that build upon what is.
    """
    by_id = {each.id: each for each in listed}
    for group in decided:
        if all(decision.is_kept for decision in group):
            continue
        each: Listed | None = by_id[group[0].candidate.id]
        chain: list[Listed] = []
        while each is not None and each.manifest is not None and each.id not in proven:
            chain.append(each)
            problem = _read(repository, each.manifest)
            if problem is not None:
                return {link.id: replace(link, status="damaged", problem=problem) for link in chain}
            each = by_id.get(each.manifest.parent or "")
        proven.update(link.id for link in chain)
    return {}


def _read(repository: Repository, manifest: Manifest) -> str | None:
    try:
        for part in manifest.parts:
            with repository.open(catalog.place(manifest.id, part.name)) as stream:
                streams.check(stream, part)
    except (DamagedBackup, ObjectMissing) as error:
        return error.message
    return next(data_key.problems(repository, manifest), None)


def _children_first(decision: Decision) -> tuple[datetime, str]:
    return decision.candidate.time, decision.candidate.id


def _refuse_to_empty(decisions: tuple[Decision, ...]) -> None:
    if decisions and not any(decision.is_kept for decision in decisions):
        raise RetentionError("every backup would be deleted", hint="nothing was; look at the times")
