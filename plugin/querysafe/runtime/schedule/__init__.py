"""Backups by Celery: tasks, and the schedule that calls them.

    from querysafe.runtime.schedule import beat_schedule, load

    app.conf.beat_schedule = beat_schedule(load())
    app.conf.imports = ["querysafe.runtime.schedule.tasks"]

Tasks carry no settings and no secret: a worker reads ``[tool.querysafe.backup]``, its own
environment, or what :func:`use` was given.
"""

from querysafe.backup.settings import Settings, load, read
from querysafe.runtime.schedule.beat import beat_schedule
from querysafe.runtime.schedule.current import use

__all__ = ["Settings", "beat_schedule", "load", "read", "use"]
