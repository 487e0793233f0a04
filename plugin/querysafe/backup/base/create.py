"""Making a base backup: ``pg_basebackup`` to a pipe, with the WAL that makes it consistent."""

import io
import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from querysafe.backup import catalog, data_key, streams
from querysafe.backup.base.tar import TarWatch
from querysafe.backup.errors import BackupError
from querysafe.backup.keys import Identities, Recipients
from querysafe.backup.lease import lease, lock
from querysafe.backup.logical.restore import read_part
from querysafe.backup.manifest import Manifest, Part, new_id
from querysafe.backup.reading import Checked, discard_on_error, read_back
from querysafe.backup.repository import Repository
from querysafe.backup.steps import Steps
from querysafe.backup.wal import cluster, names
from querysafe.backup.wal.coverage import segment_bytes
from querysafe.errors import ServerError
from querysafe.postgres.child import child
from querysafe.postgres.programs import for_server
from querysafe.postgres.target import Target

if TYPE_CHECKING:
    import psycopg

LIMITS = (
    "max_connections",
    "max_worker_processes",
    "max_wal_senders",
    "max_prepared_transactions",
    "max_locks_per_transaction",
)
"""Settings that recovery wants to be no lower than they were (manual, 26.4.7)."""
_KEPT = frozenset({"backup_label", "backup_manifest"})
_START = re.compile(r"^START WAL LOCATION: (\S+) ", re.MULTILINE)
_TIMELINE = re.compile(r"^START TIMELINE: (\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person asks of a base backup."""

    name: str = ""
    recipients: Recipients | None = None
    incremental: bool = False
    """Back up only what changed since the newest one of the cluster (PostgreSQL 17 and newer)."""
    identities: Identities | None = None
    """To read the parent's list of files, when it is encrypted."""
    bin_directory: Path | None = None


def create(
    repository: Repository, target: Target, wishes: Wishes | None = None, steps: Steps | None = None
) -> Manifest:
    """Back up a whole cluster and return the manifest of the backup, which is then whole.

    The role needs ``REPLICATION``. Raises as :func:`querysafe.backup.logical.create.create`.
    """
    wishes, steps = wishes or Wishes(), steps or Steps()
    with closing(target.connect(autocommit=True)) as connection, target.told("the backup"):
        facts = _facts(connection)
        _refuse(facts, wishes)
        system = facts.pop("system_identifier")
        parent = catalog.newest(repository, "base", system=system) if wishes.incremental else None
        purpose = f"the base backup of the cluster {system}"
        lock(connection, purpose)
        started = datetime.now(UTC)
        id = new_id(started)
        with lease(repository, purpose, backup=id) as dead:
            if dead is not None:
                catalog.discard(repository, dead)
            return _make(
                repository, target, wishes, parent, steps, facts, system, id, started, connection
            )


def _make(
    repository: Repository,
    target: Target,
    wishes: Wishes,
    parent: Manifest | None,
    steps: Steps,
    facts: dict[str, Any],
    system: str,
    id: str,
    started: datetime,
    connection: "psycopg.Connection[Any]",
) -> Manifest:
    program = for_server("pg_basebackup", facts["major"], bin_directory=wishes.bin_directory)
    facts["tool"] = ".".join(map(str, program.version))
    arguments = [
        "--pgdata=-",
        "--format=tar",
        "--wal-method=fetch",
        "--checkpoint=fast",
        "--manifest-checksums=SHA256",
        f"--label=querysafe {id}",
        "--no-password",
        f"--dbname={target.conninfo}",
    ]
    suffix = f".zst{'.age' if wishes.recipients else ''}"
    with (
        discard_on_error(repository, id),
        _parents_files(repository, parent, wishes) as incremental,
    ):
        keys = data_key.make(repository, id, wishes.recipients)
        with (
            target.credentials() as environment,
            steps.step("pg_basebackup", total=facts["bytes"]) as step,
            child(program, [*arguments, *incremental], environment, writes=True) as running,
            repository.create(catalog.place(id, f"base.tar{suffix}")) as writer,
        ):
            watched = TarWatch(Checked(running), _KEPT)
            base = streams.store(
                watched,  # type: ignore[arg-type]
                writer,
                name=f"base.tar{suffix}",
                recipients=keys,
                compression=streams.PAGES,
                progress=step.advance,
            )
        label, listed = _kept(watched)
        facts["database"] = target.database
        facts["stopped"] = _server_time(connection)
        with repository.create(catalog.place(id, f"files.json{suffix}")) as writer:
            files = streams.store(
                io.BytesIO(listed),
                writer,
                name=f"files.json{suffix}",
                recipients=keys,
            )
        parts = (base, files)
        read_back(repository, id, parts, steps)
        manifest = _manifest(id, parts, started, label, listed, facts, system, wishes, parent, keys)
        _refuse_missing_wal(manifest, watched.names)
        cluster.note(repository, system)
        steps.publish()
        catalog.publish(repository, manifest)
    return manifest


def _manifest(
    id: str,
    parts: tuple[Part, ...],
    started: datetime,
    label: str,
    listed: bytes,
    facts: dict[str, Any],
    system: str,
    wishes: Wishes,
    parent: Manifest | None,
    keys: Recipients | None,
) -> Manifest:
    start, timeline = _START.search(label), _TIMELINE.search(label)
    ranges = json.loads(listed)["WAL-Ranges"]
    if start is None or timeline is None or not ranges:
        raise BackupError("pg_basebackup wrote no start of the WAL")
    return Manifest(
        id=id,
        kind="base",
        name=wishes.name,
        server_version=facts.pop("server_version"),
        system_identifier=system,
        started=started,
        ended=datetime.now(UTC),
        start_lsn=start[1],
        stop_lsn=ranges[-1]["End-LSN"],
        timeline=int(timeline[1]),
        parent=parent.id if parent else None,
        parts=parts,
        encryption="age" if keys else "none",
        data_key=keys.names[0] if keys else None,
        tools={"pg_basebackup": facts.pop("tool")},
        facts=facts,
    )


def _refuse_missing_wal(manifest: Manifest, members: frozenset[str]) -> None:
    """A base backup stands alone: the WAL from its start to its stop is in it."""
    size = segment_bytes(manifest)
    start, stop = (names.parse_lsn(text or "") for text in (manifest.start_lsn, manifest.stop_lsn))
    for number in range(start // size, (stop - 1) // size + 1):
        name = names.Segment(int(manifest.timeline or 1), number, size).name
        if f"pg_wal/{name}" not in members:
            raise BackupError(
                f'the server had removed the segment "{name}" before the backup ended',
                hint="raise wal_keep_size, or take the backup at a quieter time",
            )


def _kept(watched: TarWatch) -> tuple[str, bytes]:
    missing = _KEPT - set(watched.found)
    if missing or not watched.is_whole:
        raise BackupError(
            f"pg_basebackup's archive is not whole: {', '.join(sorted(missing)) or 'its end'} "
            "is missing"
        )
    return watched.found["backup_label"].decode(), bytes(watched.found["backup_manifest"])


@contextmanager
def _parents_files(
    repository: Repository, parent: Manifest | None, wishes: Wishes
) -> Iterator[list[str]]:
    """The option that makes a backup incremental, with the parent's list of files beside it."""
    if parent is None:
        yield []
        return
    data = read_part(repository, parent, parent.part("files"), wishes.identities)
    with tempfile.NamedTemporaryFile(prefix="querysafe-", suffix=".manifest") as file:
        file.write(data)
        file.flush()
        yield [f"--incremental={file.name}"]


def _refuse(facts: dict[str, Any], wishes: Wishes) -> None:
    if facts["wal_level"] == "minimal":
        raise BackupError(
            "the server's wal_level is minimal", hint="set wal_level = replica and restart it"
        )
    if facts["tablespaces"]:
        raise BackupError(
            "a base backup is one stream, which holds no tablespaces beside the data directory; "
            f"the cluster has {', '.join(map(json.dumps, facts['tablespaces']))}",
            hint="take logical backups of its databases, or use pgBackRest or Barman for this "
            "cluster (--engine)",
        )
    if not wishes.incremental:
        return
    if facts["major"] < 17:
        raise BackupError(
            f"PostgreSQL {facts['major']} has no incremental backups", hint="version 17 has them"
        )
    if facts["summarize_wal"] != "on":
        raise BackupError(
            "the server's summarize_wal is off", hint="set summarize_wal = on and reload it"
        )


def _server_time(connection: "psycopg.Connection[Any]") -> str:
    import psycopg

    try:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    except psycopg.Error as error:
        raise ServerError(f"the server went away: {type(error).__name__}") from None
    assert row is not None
    return str(row[0].astimezone(UTC).isoformat())


def _facts(connection: "psycopg.Connection[Any]") -> dict[str, Any]:
    row = connection.execute(
        """
        SELECT (SELECT system_identifier::text FROM pg_control_system()),
               current_setting('server_version'),
               current_setting('wal_level'),
               current_setting('data_checksums'),
               pg_size_bytes(current_setting('wal_segment_size')),
               current_setting('summarize_wal', true),
               array(SELECT spcname::text FROM pg_tablespace
                     WHERE spcname NOT IN ('pg_default', 'pg_global') ORDER BY 1),
               (SELECT sum(pg_database_size(oid)) FROM pg_database)::bigint,
               pg_is_in_recovery()
        """
    ).fetchone()
    assert row is not None
    names = (
        "system_identifier",
        "server_version",
        "wal_level",
        "data_checksums",
        "wal_segment_size",
        "summarize_wal",
        "tablespaces",
        "bytes",
        "standby",
    )
    facts = dict(zip(names, row, strict=True))
    facts["major"] = connection.info.server_version // 10000
    facts["limits"] = {
        name: connection.execute("SELECT current_setting(%s)", (name,)).fetchone()[0]  # type: ignore[index]
        for name in LIMITS
    }
    return facts
