"""The schedule: an entry of Celery beat for each kind of work."""

from typing import Any

from querysafe.backup.settings import Settings
from querysafe.errors import SettingsError

GRACE_SECONDS = 300
"""Between the exception that lets a task tidy up and the end of its process."""


def beat_schedule(settings: Settings) -> dict[str, dict[str, Any]]:
    """Entries for ``app.conf.beat_schedule``: https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html.

    A task that could not begin before the next one is due expires, so that a broker that
    was away delivers no heap of old backups. ``wal_check`` looks at every promise, so a
    schedule that stopped making backups is noticed by it, and one that stopped altogether
    by whoever waits for its ping. Raises :class:`SettingsError` for a time that is none.
    """
    entries: dict[str, dict[str, Any]] = {}
    for kind in settings.kinds:
        when = settings.schedule["base" if kind == "base" else "create"]
        entries[f"querysafe.backup.create.{kind}"] = _entry(settings, "create", when, kind=kind)
        entries[f"querysafe.backup.drill.{kind}"] = _entry(
            settings, "drill", settings.schedule["drill"], kind=kind
        )
    for work in ("verify", "expire", "wal_check"):
        entries[f"querysafe.backup.{work}"] = _entry(settings, work, settings.schedule[work])
    return entries


def _entry(settings: Settings, work: str, when: str, **arguments: str) -> dict[str, Any]:
    from celery.schedules import ParseException, crontab

    try:
        schedule = crontab.from_string(when)
    except (ParseException, ValueError) as error:
        raise SettingsError(
            f'the time "{when}" of "{work}" is none: {error}', hint='write "15 2 * * *": crontab(5)'
        ) from None
    seconds = settings.time_limit.total_seconds()
    options: dict[str, Any] = {
        "expires": 240 if work == "wal_check" else 6 * 3600,
        "soft_time_limit": seconds,
        "time_limit": seconds + GRACE_SECONDS,
    }
    if settings.queue:
        options["queue"] = settings.queue
    return {
        "task": f"querysafe.backup.{work}",
        "schedule": schedule,
        "kwargs": arguments,
        "options": options,
    }
