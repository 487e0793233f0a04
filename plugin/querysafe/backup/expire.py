"""Expiring backups: what retention decided is carried out, the manifest first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from querysafe.backup import catalog
from querysafe.backup.catalog import Listed
from querysafe.backup.errors import RetentionError
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
    Only whole backups count; damaged ones are named and left alone. The WAL is kept from
    the start of the oldest base backup on that is not deleted. Raises
    :class:`RetentionError` when the clock is in doubt; nothing is then deleted.
    """
    listed = catalog.listing(repository)
    groups: dict[tuple[str, str, str], list[Candidate]] = {}
    for each in listed:
        manifest = each.manifest
        if each.status != "ok" or manifest is None:
            continue
        group = (manifest.kind, manifest.system_identifier, manifest.database)
        groups.setdefault(group, []).append(
            Candidate(
                id=each.id,
                time=manifest.started,
                parent=manifest.parent,
                locked=bool(manifest.facts.get("locked")),
                verified=each.verified is not None,
            )
        )
    decisions = tuple(
        decision
        for candidates in groups.values()
        for decision in decide(candidates, now=now, policy=policy)
    )
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
                repository.delete(file.object)
        swept = catalog.sweep(repository, now)
    return Expired(
        decisions=tuple(sorted(decisions, key=lambda each: each.candidate.id, reverse=True)),
        left_alone=tuple(each for each in listed if each.status != "ok"),
        swept=swept,
        dry_run=dry_run,
        wal=wal,
    )


def _children_first(decision: Decision) -> tuple[datetime, str]:
    return decision.candidate.time, decision.candidate.id


def _refuse_to_empty(decisions: tuple[Decision, ...]) -> None:
    if decisions and not any(decision.is_kept for decision in decisions):
        raise RetentionError("every backup would be deleted", hint="nothing was; look at the times")
