"""How a repository stands, for Prometheus: gauges that an alert can be written on.

Names follow https://prometheus.io/docs/practices/naming/: base units, times as Unix seconds,
so that the age is ``time() - querysafe_backup_newest_timestamp_seconds`` at every moment.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from querysafe.backup.errors import BackupError
from querysafe.backup.standing import Standing

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_SUBJECT = ("kind", "database", "system")


def registry(standing: Standing) -> "CollectorRegistry":
    """All gauges, in a registry of their own.

    Raises :class:`BackupError` when ``prometheus_client`` is not installed.
    """
    try:
        from prometheus_client import CollectorRegistry, Gauge
    except ImportError:
        raise BackupError(
            "metrics need prometheus_client", hint="pip install 'querysafe[prometheus]'"
        ) from None
    found = CollectorRegistry()

    def gauge(name: str, words: str, labels: tuple[str, ...] = ()) -> "Gauge":
        return Gauge(f"querysafe_backup_{name}", words, labels, registry=found)

    gauge("checked_timestamp_seconds", "When the repository was last looked at.").set(
        standing.at.timestamp()
    )
    gauge("promise_kept", "1 when every promise is kept, else 0.").set(standing.holds)
    broken = gauge("broken_promises", "Promises that are not kept, by promise.", ("promise",))
    for promise in ("backup", "verified", "wal", "failure", "clock"):
        broken.labels(promise).set(sum(each.promise == promise for each in standing.broken))
    newest = gauge("newest_timestamp_seconds", "Start of the newest whole backup.", _SUBJECT)
    verified = gauge(
        "verified_timestamp_seconds", "Last restore that was compared and equal.", _SUBJECT
    )
    size = gauge("size_bytes", "Stored size of the newest whole backup.", _SUBJECT)
    total = gauge("stored_bytes", "Stored size of all whole backups.", _SUBJECT)
    count = gauge("count", "Whole backups.", _SUBJECT)
    duration = gauge("duration_seconds", "What the newest whole backup took.", _SUBJECT)
    restored = gauge("restore_seconds", "What the last passed drill took to restore.", _SUBJECT)
    for each in standing.kept:
        labels = (each.kind, each.database, each.system)
        newest.labels(*labels).set(each.newest.timestamp())
        size.labels(*labels).set(each.stored_bytes)
        total.labels(*labels).set(each.all_bytes)
        count.labels(*labels).set(each.count)
        duration.labels(*labels).set(each.seconds)
        if each.verified is not None:
            verified.labels(*labels).set(each.verified.timestamp())
        if each.rto_seconds is not None:
            restored.labels(*labels).set(each.rto_seconds)
    archived = gauge(
        "wal_archived_timestamp_seconds",
        "When the newest archived segment was closed.",
        ("system",),
    )
    lag = gauge(
        "wal_lag_seconds", "Age of the newest archived segment when looked at.", ("system",)
    )
    gaps = gauge("wal_gaps", "Gaps that a restore would meet.", ("system",))
    stored = gauge("wal_stored_bytes", "Stored size of the WAL archive.", ("system",))
    for status in standing.wal:
        gaps.labels(status.system).set(len(status.gaps))
        stored.labels(status.system).set(status.stored_bytes)
        if status.last is not None:
            archived.labels(status.system).set(status.last.closed.timestamp())
            lag.labels(status.system).set((standing.at - status.last.closed).total_seconds())
    failures = gauge(
        "failures", "Runs in a row that failed since one succeeded.", ("work", "subject")
    )
    succeeded = gauge(
        "work_success_timestamp_seconds", "When work last succeeded.", ("work", "subject")
    )
    for known in standing.outcomes:
        failures.labels(known.work, known.subject).set(known.failures)
        if known.succeeded is not None:
            succeeded.labels(known.work, known.subject).set(known.succeeded.timestamp())
    return found


def exposition(standing: Standing) -> str:
    """The gauges in Prometheus' text format."""
    found = registry(standing)
    from prometheus_client import generate_latest

    return generate_latest(found).decode()


def write_textfile(standing: Standing, path: Path) -> None:
    """Write a file for node_exporter's textfile collector, at once or not at all.

    Raises :class:`BackupError` when it cannot be written.
    """
    found = registry(standing)
    from prometheus_client import write_to_textfile

    try:
        write_to_textfile(str(path), found)
    except OSError as error:
        raise BackupError(f'"{path}" cannot be written: {error.strerror}') from None
