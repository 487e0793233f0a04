"""Making a logical backup: everything in one snapshot, in one pass, the manifest last."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from querysafe.backup import catalog, contents, data_key, streams
from querysafe.backup.errors import BackupError
from querysafe.backup.keys import Recipients
from querysafe.backup.lease import lease, lock
from querysafe.backup.logical import whole
from querysafe.backup.manifest import Manifest, Part, new_id
from querysafe.backup.reading import Checked, discard_on_error, read_back
from querysafe.backup.repository import Repository
from querysafe.backup.steps import Steps
from querysafe.postgres.child import child
from querysafe.postgres.programs import Program, for_server
from querysafe.postgres.target import Target

if TYPE_CHECKING:
    import psycopg

_CAST = re.compile(
    rb"""::(?:[\w.]+|"[^"]+")(?:\ varying|\ precision|\ with(?:out)?\ time\ zone)?"""
    rb"""(?:\(\d+(?:,\d+)?\))?(?:\[\])*"""
)

LOCK_SECONDS = 30
"""How long ``pg_dump`` waits for a table that somebody has locked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person asks of a backup."""

    name: str = ""
    recipients: Recipients | None = None
    hashed: bool | None = None
    """Whether rows are hashed; ``None`` does it for databases up to 256 MiB."""
    lock_seconds: float = LOCK_SECONDS
    bin_directory: Path | None = None


def create(
    repository: Repository, target: Target, wishes: Wishes | None = None, steps: Steps | None = None
) -> Manifest:
    """Back up one database and return the manifest of the backup, which is then whole.

    Raises :class:`Busy` when the database is being backed up, :class:`ProgramNotFound` when
    no client program fits the server, :class:`ServerError` and :class:`RepositoryError` with
    the cause; nothing that looks like a backup is then left.
    """
    wishes, steps = wishes or Wishes(), steps or Steps()
    with closing(target.connect(autocommit=True)) as connection, target.told("the backup"):
        server = connection.info.server_version // 10000
        dump = for_server("pg_dump", server, bin_directory=wishes.bin_directory)
        roles = for_server("pg_dumpall", server, bin_directory=wishes.bin_directory)
        database = connection.info.dbname
        lock(connection, f'the backup of "{database}"')
        connection.execute(contents.query("notice_lost_clients"))
        where = _one(connection, contents.query("whereabouts"))
        making = _Making(repository, target.to(database), wishes, steps, connection, dump, roles)
        purpose = f'the backup of "{database}" of the cluster {where}'
        with lease(repository, purpose, backup=making.id, server=where) as dead:
            if dead is not None:
                catalog.discard(repository, dead)
            return making.run()


class _Making:
    """One backup while it is made."""

    def __init__(
        self,
        repository: Repository,
        target: Target,
        wishes: Wishes,
        steps: Steps,
        connection: "psycopg.Connection[Any]",
        dump: Program,
        roles: Program,
    ) -> None:
        self._repository = repository
        self._target = target
        self._wishes = wishes
        self._steps = steps
        self._connection = connection
        self._dump = dump
        self._roles = roles
        self._started = datetime.now(UTC)
        self._keys: Recipients | None = None
        """The data key, once it is made."""
        self.id = new_id(self._started)

    def run(self) -> Manifest:
        from psycopg.errors import LockNotAvailable

        with discard_on_error(self._repository, self.id):
            try:
                return self._run()
            except LockNotAvailable:
                raise BackupError(
                    f"a table was locked for more than {self._wishes.lock_seconds:g} s",
                    hint="see who holds it in pg_locks, or wait longer with --lock-timeout",
                ) from None

    def _run(self) -> Manifest:
        connection = self._connection
        self._keys = data_key.make(self._repository, self.id, self._wishes.recipients)
        contents.settle(connection)
        connection.execute(
            "SELECT set_config('lock_timeout', %s, false)", (self._lock_milliseconds(),)
        )
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = _one(connection, "SELECT pg_export_snapshot()")
        facts = _facts(connection)
        total = sum(size for _, size, _ in contents.tables(connection))
        hashed = self._wishes.hashed
        if hashed is None:
            hashed = total <= contents.HASHED_BELOW
        at_snapshot = f"--snapshot={snapshot}"
        with self._target.credentials() as environment:
            schema = self._part(
                "schema.sql",
                self._dump,
                [at_snapshot, "--schema-only", self._wait_for_locks()],
                environment,
            )
            database = self._part(
                "database.dump",
                self._dump,
                [at_snapshot, "--format=custom", "--compress=0", self._wait_for_locks()],
                environment,
                total=total,
            )
            roles = self._part(
                "globals.sql", self._roles, ["--globals-only", "--no-role-passwords"], environment
            )
        # Workers would be done sooner and take more of a server that others use.
        connection.execute("SELECT set_config('max_parallel_workers_per_gather', '0', true)")
        with self._steps.step("count the rows" + (" and hash them" if hashed else "")) as step:
            taken = contents.take(connection, hashed=hashed, progress=step.say)
        self._archive.refuse_half(self._dump.name, sum(each.rows > 0 for each in taken.contents))
        connection.execute("COMMIT")
        parts = (database, roles, schema)
        read_back(self._repository, self.id, parts, self._steps)
        manifest = Manifest(
            id=self.id,
            kind="logical",
            name=self._wishes.name,
            database=self._target.database,
            server_version=_one(connection, "SHOW server_version"),
            system_identifier=facts.pop("system_identifier") or "unknown",
            started=self._started,
            ended=datetime.now(UTC),
            parts=parts,
            encryption="age" if self._keys else "none",
            data_key=self._keys.names[0] if self._keys else None,
            tools={
                each.name: ".".join(map(str, each.version)) for each in (self._dump, self._roles)
            },
            contents=taken.contents,
            schema_sha256=self._schema_sha256,
            facts={
                **facts,
                "sequences": dict(taken.sequences),
                "large_objects": taken.large_objects,
                "recipients": list(self._wishes.recipients.names)
                if self._wishes.recipients
                else [],
            },
        )
        self._steps.publish()
        catalog.publish(self._repository, manifest)
        return manifest

    def _wait_for_locks(self) -> str:
        return f"--lock-wait-timeout={self._lock_milliseconds()}"

    def _lock_milliseconds(self) -> str:
        return str(max(1, int(self._wishes.lock_seconds * 1000)))

    def _part(
        self,
        name: str,
        program: Program,
        arguments: list[str],
        environment: dict[str, str],
        *,
        total: int | None = None,
    ) -> Part:
        stored = f"{name}.zst{'.age' if self._keys else ''}"
        place = catalog.place(self.id, stored)
        command = [*arguments, "--no-password", f"--dbname={self._target.conninfo}"]
        with (
            self._steps.step(f"{program.name} {name}", total=total) as step,
            child(program, command, environment, writes=True) as running,
        ):
            source: Any = Checked(running)
            if name == "database.dump":
                source = self._archive = whole.Archive(source)
            else:
                source = script = whole.Script(source)
            if name == "schema.sql":
                source = fingerprinted = _SchemaText(source)
            with self._repository.create(place) as writer:
                part = streams.store(
                    source,
                    writer,
                    name=stored,
                    recipients=self._keys,
                    progress=step.advance,
                )
            if name == "schema.sql":
                self._schema_sha256 = fingerprinted.sha256
            if name != "database.dump":
                script.refuse_half(program.name)
            return part


class _SchemaText:
    """Hashes the schema's text as it passes, but for lines that differ in every run."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._rest = b""
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._source.read(size)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if is_schema(line):
                self._digest.update(canonical(line) + b"\n")
        return data

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def is_schema(line: bytes) -> bool:
    """Whether a line of ``pg_dump --schema-only`` says something of the schema."""
    return bool(line) and not line.startswith((b"--", b"\\restrict", b"\\unrestrict"))


def canonical(line: bytes) -> bytes:
    """A line of the schema as it reads before a restore and after it.

    ``kind IN ('a', 'b')`` on a ``varchar`` is written as ``ANY ((ARRAY['a'::character varying,
    …])::text[])``, and once restored as ``ANY (ARRAY[('a'::character varying)::text, …])``: it
    means the same. In lines with an array, parentheses and casts do not count.
    """
    if b"ARRAY[" not in line:
        return line
    return _CAST.sub(b"", line).replace(b"(", b"").replace(b")", b"")


def _facts(connection: "psycopg.Connection[Any]") -> dict[str, Any]:
    """What a restore sets again; what an ordinary role may not read is left out."""
    facts: dict[str, Any] = {}
    for name in ("database_facts", "locale_provider"):
        if name == "locale_provider" and connection.info.server_version < 150000:
            continue
        cursor = connection.execute(contents.query(name))
        row = cursor.fetchone()
        assert row is not None and cursor.description is not None
        facts |= {column.name: value for column, value in zip(cursor.description, row, strict=True)}
    facts["alembic_heads"] = list(_alembic_heads(connection))
    return facts


def _alembic_heads(connection: "psycopg.Connection[Any]") -> Iterator[str]:
    if _one(connection, "SELECT to_regclass('public.alembic_version')") is not None:
        rows = connection.execute("SELECT version_num FROM public.alembic_version ORDER BY 1")
        yield from (row[0] for row in rows)


def _one(connection: "psycopg.Connection[Any]", statement: Any) -> Any:
    row = connection.execute(statement).fetchone()
    return None if row is None else row[0]
