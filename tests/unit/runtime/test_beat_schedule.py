"""The schedule names every kind of work, with limits, and refuses a time that is none."""

import pytest
from celery.schedules import crontab

from querysafe.backup.settings import read
from querysafe.errors import SettingsError
from querysafe.runtime.schedule import beat_schedule


def test_each_kind_is_made_and_drilled_and_the_rest_looked_after() -> None:
    entries = beat_schedule(read({"kinds": ["logical", "base"]}, environ={}))
    assert set(entries) == {
        "querysafe.backup.create.logical",
        "querysafe.backup.create.base",
        "querysafe.backup.drill.logical",
        "querysafe.backup.drill.base",
        "querysafe.backup.verify",
        "querysafe.backup.expire",
        "querysafe.backup.wal_check",
    }
    create = entries["querysafe.backup.create.base"]
    assert create["task"] == "querysafe.backup.create"
    assert create["kwargs"] == {"kind": "base"}
    assert create["schedule"] == crontab(minute="15", hour="1", day_of_week="0")


def test_every_task_of_the_schedule_is_registered_and_acknowledged_late() -> None:
    from celery import Celery

    from querysafe.runtime.schedule import tasks

    app = Celery("test", set_as_current=False)
    app.finalize()
    assert tasks.create is not None
    for entry in beat_schedule(read({}, environ={})).values():
        task = app.tasks[entry["task"]]
        assert task.acks_late
        assert task.reject_on_worker_lost


def test_limits_and_the_queue_are_those_of_the_settings() -> None:
    entries = beat_schedule(read({"time_limit": "1h", "queue": "slow"}, environ={}))
    options = entries["querysafe.backup.create.logical"]["options"]
    assert options["soft_time_limit"] == 3600
    assert options["time_limit"] > 3600
    assert options["queue"] == "slow"
    assert options["expires"]


def test_a_time_that_is_none_is_named() -> None:
    with pytest.raises(SettingsError, match='the time "at noon" of "expire" is none'):
        beat_schedule(read({"schedule": {"expire": "at noon"}}, environ={}))
