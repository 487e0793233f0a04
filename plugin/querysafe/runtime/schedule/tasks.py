"""The tasks: each calls one thing of :mod:`querysafe.backup`, and answers with plain JSON.

They are acknowledged late, so that a worker that dies gives its task back; delivered twice,
as Redis does after its visibility timeout, the second finds the first at work and answers
``busy``. What may pass (a server, a store) is retried with growing pauses; a wrong setting,
a broken promise and a failed drill are not mended by trying again.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from celery import shared_task

from querysafe.backup.errors import BackupError, Busy, DamagedBackup, KeyMissing, RetentionError
from querysafe.backup.outcomes import noted
from querysafe.backup.repository import Repository, open_repository
from querysafe.backup.settings import Settings
from querysafe.errors import ProgramNotFound, QuerysafeError, SettingsError
from querysafe.runtime.schedule.current import current


class DrillFailed(BackupError):
    """a drill found something wrong"""


class PromiseBroken(BackupError):
    """backups are not as young as promised"""


_Work = Callable[..., dict[str, Any]]
_task = cast("Callable[..., Callable[[_Work], _Work]]", shared_task)
_SINGLE: dict[str, Any] = {
    "acks_late": True,
    "reject_on_worker_lost": True,
    "autoretry_for": (QuerysafeError,),
    "dont_autoretry_for": (
        SettingsError,
        ProgramNotFound,
        DamagedBackup,
        KeyMissing,
        RetentionError,
        DrillFailed,
        PromiseBroken,
    ),
    "retry_backoff": 30,
    "retry_backoff_max": 3600,
    "retry_jitter": True,
    "max_retries": 5,
    "soft_time_limit": 6 * 3600,
    "time_limit": 6 * 3600 + 300,
}


def _single_flight(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return work()
    except Busy as error:
        return {"status": "busy", "problem": error.message}


@_task(name="querysafe.backup.create", **_SINGLE)
def create(kind: str = "logical") -> dict[str, Any]:
    """Make a backup; answer ``{"status": "ok", "id", "kind", "size", "seconds"}``."""
    settings = current()

    def work() -> dict[str, Any]:
        from querysafe.backup.base import create as base
        from querysafe.backup.keys import Recipients
        from querysafe.backup.logical import create as logical
        from querysafe.postgres.target import Target

        target = Target.parse(settings.needed("database"))
        keys = Recipients.parse(settings.recipients) if settings.recipients else None
        repository = open_repository(settings.needed("repository"), create=True)
        subject = "base" if kind == "base" else f"logical {target.database}"
        with noted(repository, "create", subject):
            manifest = (
                base.create(
                    repository,
                    target,
                    base.Wishes(
                        name=settings.name, recipients=keys, bin_directory=settings.postgres_bin
                    ),
                )
                if kind == "base"
                else logical.create(
                    repository,
                    target,
                    logical.Wishes(
                        name=settings.name, recipients=keys, bin_directory=settings.postgres_bin
                    ),
                )
            )
        return {
            "status": "ok",
            "id": manifest.id,
            "kind": manifest.kind,
            "size": manifest.stored_bytes,
            "seconds": (manifest.ended - manifest.started).total_seconds(),
        }

    return _single_flight(work)


@_task(name="querysafe.backup.verify", **_SINGLE)
def verify(id: str = "latest") -> dict[str, Any]:
    """Read every byte of a backup; answer ``{"status": "ok", "id", "stored_bytes"}``.

    Raises :class:`DamagedBackup` naming what is wrong.
    """
    from querysafe.backup import verdicts
    from querysafe.backup.catalog import claimed
    from querysafe.backup.verify import verify as look

    settings, repository = _opened()
    manifest = claimed(repository, id)
    with noted(repository, "verify", manifest.kind):
        found = look(
            repository,
            manifest,
            identities=_identities(settings),
            bin_directory=settings.postgres_bin,
        )
        verdicts.note(repository, manifest.id, now=datetime.now(UTC), problems=found.problems)
        if found.problems:
            raise DamagedBackup(f'"{manifest.id}": {"; ".join(found.problems)}')
    return {"status": "ok", "id": manifest.id, "stored_bytes": found.stored_bytes}


@_task(name="querysafe.backup.drill", **_SINGLE)
def drill(kind: str | None = None, id: str = "latest") -> dict[str, Any]:
    """Restore a backup into a throw-away server; answer what the drill found.

    Raises :class:`DrillFailed` naming what is wrong.
    """
    from querysafe.backup.catalog import claimed
    from querysafe.backup.drill.run import Wishes
    from querysafe.backup.drill.run import drill as hold

    settings, repository = _opened()
    manifest = claimed(repository, id, kind)
    with noted(repository, "drill", manifest.kind):
        result = hold(
            repository,
            manifest,
            wishes=Wishes(
                server=settings.server or None,
                identities=_identities(settings),
                smoke=settings.smoke,
                bin_directory=settings.postgres_bin,
            ),
        )
        if not result.passed:
            wrong = "; ".join(f"{each.name}: {each.detail}" for each in result.failures)
            raise DrillFailed(f'the drill of "{result.backup}" failed: {wrong}')
    return {"status": "ok", **result.to_json()}


@_task(name="querysafe.backup.expire", **_SINGLE)
def expire() -> dict[str, Any]:
    """Delete what the retention does not keep; answer ``{"status": "ok", "kept", "expired"}``."""
    from querysafe.backup.expire import expire as carry_out

    settings, repository = _opened()
    with noted(repository, "expire"):
        done = carry_out(repository, now=datetime.now(UTC), policy=settings.policy)
    return {
        "status": "ok",
        "kept": [each.candidate.id for each in done.decisions if each.is_kept],
        "expired": [each.candidate.id for each in done.decisions if not each.is_kept],
    }


@_task(name="querysafe.backup.wal_check", **{**_SINGLE, "max_retries": 2})
def wal_check() -> dict[str, Any]:
    """Look at the WAL archive and at every other promise; ping when all are kept.

    Answers what ``querysafe backup status --format json`` prints, with ``ping``: whether it
    was answered. Raises :class:`PromiseBroken` naming every promise that is not kept.
    """
    from querysafe.backup.ping import ping
    from querysafe.backup.promise import look
    from querysafe.backup.standing import to_json

    settings, repository = _opened()
    standing = look(repository, settings.promise, now=datetime.now(UTC), scheduled=settings.kinds)
    if not standing.holds:
        raise PromiseBroken("; ".join(each.words for each in standing.broken))
    problem = ping(settings.ping_url) if settings.ping_url else None
    return {**to_json(standing), "status": "ok", "ping": problem or bool(settings.ping_url)}


def _opened() -> tuple[Settings, Repository]:
    settings = current()
    return settings, open_repository(settings.needed("repository"))


def _identities(settings: Settings) -> Any:
    from querysafe.backup.keys import Identities

    return Identities.read(settings.identity) if settings.identity else None
