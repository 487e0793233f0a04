"""Restoring a logical backup: into a new database, compared, and swapped in when it is whole."""

import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from querysafe.backup import catalog, contents, data_key, streams
from querysafe.backup.contents import Snapshot
from querysafe.backup.errors import DamagedBackup, ObjectMissing, RestoreRefused
from querysafe.backup.keys import Identities
from querysafe.backup.lease import lock
from querysafe.backup.logical import belongings, selection
from querysafe.backup.logical.scratch import (
    drop,
    maintenance,
    refuse_unless_empty,
    scratch,
    swap,
)
from querysafe.backup.manifest import Manifest, Part
from querysafe.backup.repository import Repository
from querysafe.backup.steps import Steps
from querysafe.errors import ServerError
from querysafe.postgres.child import Child, child
from querysafe.postgres.programs import Program, for_server
from querysafe.postgres.target import Target, inherited

if TYPE_CHECKING:
    import psycopg


_SETS_TIMEOUT = 17
"""From this version on pg_restore sets ``transaction_timeout``, which older servers do not know."""
_IGNORED = re.compile(r"errors ignored on restore: (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person asks of a restore."""

    replace: bool = False
    """Swap the restored database in for one that is not empty."""
    drop_old: bool = False
    """Drop the old one after the swap; it is kept under another name otherwise."""
    owner: bool = True
    """Give objects their owners and privileges back; the roles must exist."""
    create_roles: bool = False
    schemas: Sequence[str] = ()
    tables: Sequence[str] = ()
    identities: Identities | None = None
    bin_directory: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did."""

    backup: str
    database: str
    kept: str | None
    """What the old database is called now; ``None`` when there was none or it was dropped."""
    undropped: str = ""
    """Why the old database is still there though it was to be dropped."""
    tables: int
    rows: int
    hashed: bool
    roles: tuple[str, ...] = ()
    """Roles that were created."""


def restore(
    repository: Repository,
    manifest: Manifest,
    target: Target,
    wishes: Wishes | None = None,
    steps: Steps | None = None,
) -> Restored:
    """Restore a backup as the database that the target names.

    Every stored byte is checked before anything is touched, every row count (and hash, if
    the backup has them) before the swap. Raises :class:`RestoreRefused`,
    :class:`DamagedBackup`, :class:`KeyMissing`, :class:`ServerError`; the target is then
    as it was, and the new database is gone.
    """
    wishes, steps = wishes or Wishes(), steps or Steps()
    if manifest.kind != "logical":
        raise RestoreRefused(
            f'"{manifest.id}" is a base backup', hint="restore it with --data-directory DIR"
        )
    if not target.names_database:
        raise RestoreRefused("the target names no database", hint="write postgresql://host/name")
    if target.database in ("template0", "template1"):
        raise RestoreRefused(
            f'"{target.database}" is what new databases are made of',
            hint="name a database of your own",
        )
    with closing(maintenance(target)) as connection, target.told("the restore"):
        _refuse_older(connection, manifest)
        lock(connection, f'a restore into "{target.database}"')
        refuse_unless_empty(connection, target, replace=wishes.replace)
        if manifest.encryption != "none":
            data_key.opened(repository, manifest, wishes.identities)
        verify_bytes(repository, manifest, steps)
        existed = refuse_unless_empty(connection, target, replace=wishes.replace)
        if existed and (wishes.schemas or wishes.tables):
            raise RestoreRefused(
                "a selection is restored into a database of its own",
                hint="name a target that does not exist yet, and copy from there",
            )
        roles = _roles(repository, manifest, connection, wishes)
        with scratch(connection, target, manifest) as fresh:
            fill(repository, manifest, fresh, wishes, steps)
            found = compare(manifest, fresh, wishes, steps)
            belongings.give(connection, fresh.database, manifest.facts, owner=wishes.owner)
            kept = swap(connection, target, fresh.database, manifest.facts.get("comment"))
        undropped = ""
        if kept is not None and (wishes.drop_old or not wishes.replace):
            try:
                drop(connection, kept)
                kept = None
            except ServerError as error:
                undropped = error.message  # the restore is done, whatever holds the old one
    return Restored(
        backup=manifest.id,
        database=target.database,
        kept=kept,
        undropped=undropped,
        tables=len(found.contents),
        rows=sum(each.rows for each in found.contents),
        hashed=any(each.hash is not None for each in found.contents),
        roles=roles,
    )


def verify_bytes(
    repository: Repository,
    manifest: Manifest,
    steps: Steps,
    *,
    parts: Sequence[Part] | None = None,
) -> None:
    """Compare every stored byte (of some parts) with the manifest. Raises :class:`DamagedBackup`."""
    chosen = manifest.parts if parts is None else parts
    total = sum(part.stored_bytes for part in chosen)
    with steps.step("check the stored bytes", total=total) as step:
        for part in chosen:
            try:
                stream = repository.open(catalog.place(manifest.id, part.name))
            except ObjectMissing as error:
                raise DamagedBackup(error.message) from None
            with stream:
                streams.check(stream, part, step.advance)


def read_part(
    repository: Repository, manifest: Manifest, part: Part, identities: Identities | None
) -> bytes:
    """A small part, as it was before it was stored."""
    held = io.BytesIO()
    keys = data_key.opened(repository, manifest, identities)
    with repository.open(catalog.place(manifest.id, part.name)) as stream:
        streams.load(stream, held, part, encrypted=manifest.encryption != "none", identities=keys)
    return held.getvalue()


def fill(
    repository: Repository, manifest: Manifest, fresh: Target, wishes: Wishes, steps: Steps
) -> None:
    """Run ``pg_restore`` into an empty database, in one pass from the repository."""
    with closing(fresh.connect(autocommit=True)) as connection:
        major = connection.info.server_version // 10000
    # An archive may be read by the version that wrote it or a newer one.
    wrote = int(manifest.tools["pg_dump"].partition(".")[0])
    program = for_server("pg_restore", max(major, wrote), bin_directory=wishes.bin_directory)
    arguments = ["--no-password", f"--dbname={fresh.conninfo}"]
    sets_too_much = program.version[0] >= _SETS_TIMEOUT > major
    if not sets_too_much:
        arguments.append("--exit-on-error")
    if not wishes.owner:
        arguments += ["--no-owner", "--no-privileges"]
    part = manifest.part("database")
    keys = data_key.opened(repository, manifest, wishes.identities)
    with (
        fresh.credentials() as environment,
        _selected(repository, manifest, program, wishes) as selected,
        steps.step("restore", total=part.raw_bytes) as step,
        repository.open(catalog.place(manifest.id, part.name)) as stream,
        child(program, [*arguments, *selected], environment, reads=True) as running,
    ):
        try:
            streams.load(
                stream,
                _Feeding(running, watched=sets_too_much),
                part,
                encrypted=manifest.encryption != "none",
                identities=keys,
                progress=step.advance,
            )
            _finish(running, forgiving=sets_too_much)
        except ServerError as error:
            raise ServerError(fresh.without_secrets(error.message), hint=_hint(error)) from None
    with steps.step("analyze"), closing(fresh.connect(autocommit=True)) as connection:
        connection.execute("ANALYZE")


def compare(manifest: Manifest, fresh: Target, wishes: Wishes, steps: Steps) -> Snapshot:
    """Count what was restored as the backup counted it. Raises :class:`DamagedBackup`."""
    hashed = any(each.hash is not None for each in manifest.contents)
    with (
        steps.step("count the restored rows") as step,
        closing(fresh.connect(autocommit=True)) as connection,
    ):
        contents.settle(connection)
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = contents.take(connection, hashed=hashed, progress=step.say)
    expected = Snapshot(
        contents=manifest.contents,
        sequences=manifest.facts.get("sequences", {}),
        large_objects=manifest.facts.get("large_objects", 0),
    )
    if wishes.schemas or wishes.tables:
        there = {each.table for each in found.contents}
        expected = Snapshot(
            contents=tuple(each for each in expected.contents if each.table in there),
            sequences={
                name: value for name, value in expected.sequences.items() if name in found.sequences
            },
            large_objects=found.large_objects,
        )
    differences = contents.differences(expected, found)
    if differences:
        raise DamagedBackup(
            f'what was restored from "{manifest.id}" is not what was backed up: '
            + "; ".join(differences[:10])
        )
    return found


@contextmanager
def _selected(
    repository: Repository, manifest: Manifest, program: Program, wishes: Wishes
) -> Iterator[list[str]]:
    """The option that restores a part only, for as long as its list of entries lives."""
    if not (wishes.schemas or wishes.tables):
        yield []
        return
    part = manifest.part("database")
    keys = data_key.opened(repository, manifest, wishes.identities)
    with tempfile.TemporaryDirectory(prefix="querysafe-") as folder:
        listing, chosen = Path(folder, "all"), Path(folder, "chosen")
        arguments = ["--list", "--verbose", f"--file={listing}"]
        with (
            repository.open(catalog.place(manifest.id, part.name)) as stream,
            child(program, arguments, inherited(), reads=True) as running,
        ):
            with suppress(_Enough):
                streams.load(
                    stream,
                    _Beginning(running),
                    part,
                    encrypted=manifest.encryption != "none",
                    identities=keys,
                )
            running.finish()
        entries = selection.read(listing.read_text(encoding="utf-8", errors="replace"))
        ids = selection.choose(entries, wishes.schemas, wishes.tables)
        chosen.write_text("".join(f"{id};\n" for id in ids), encoding="ascii")
        yield [f"--use-list={chosen}"]


class _Enough(Exception):
    """pg_restore has read the table of contents."""


class _Beginning:
    """Writes to a program until it has read enough."""

    def __init__(self, running: Child) -> None:
        self._running = running

    def write(self, data: bytes | memoryview) -> int:
        try:
            return self._running.input.write(data)
        except BrokenPipeError:
            raise _Enough from None


class _Feeding:
    """Writes to a program; when that has ended, its own words are the error."""

    def __init__(self, running: Child, *, watched: bool) -> None:
        self._running = running
        self._watched = watched

    def write(self, data: bytes | memoryview) -> int:
        if self._watched and not _is_forgiven(said := self._running.said()):
            raise ServerError(f'"pg_restore" failed: {said}')
        try:
            return self._running.input.write(data)
        except BrokenPipeError:
            self._running.finish()
            raise ServerError("pg_restore stopped reading") from None


def _finish(running: Child, *, forgiving: bool) -> None:
    """Wait for ``pg_restore``; its one error that means nothing is forgiven."""
    try:
        running.finish()
    except ServerError:
        said = running.said()
        count = _IGNORED.search(said)
        if not (forgiving and count and int(count[1]) == 1 and _is_forgiven(said)):
            raise


def _is_forgiven(said: str) -> bool:
    errors = [line for line in said.splitlines() if line.startswith("pg_restore: error:")]
    return all(
        'unrecognized configuration parameter "transaction_timeout"' in each for each in errors
    )


def _roles(
    repository: Repository,
    manifest: Manifest,
    connection: "psycopg.Connection[Any]",
    wishes: Wishes,
) -> tuple[str, ...]:
    if not (wishes.owner and wishes.create_roles):
        return ()
    text = read_part(repository, manifest, manifest.part("globals"), wishes.identities)
    return belongings.create_missing_roles(connection, text.decode())


def _refuse_older(connection: "psycopg.Connection[Any]", manifest: Manifest) -> None:
    server = connection.info.server_version // 10000
    taken = int(manifest.server_version.partition(".")[0])
    if server < taken:
        raise RestoreRefused(
            f'"{manifest.id}" was taken of PostgreSQL {taken}, the target is version {server}',
            hint=f"restore into PostgreSQL {taken} or newer",
        )


def _hint(error: ServerError) -> str | None:
    text = error.message
    if "role" in text and "does not exist" in text:
        return "create the role, or add --create-roles, or --no-owner"
    if "extension" in text and ("is not available" in text or "could not open" in text):
        return "install the extension's package on the server"
    if "No space left" in text:
        return "free space on the server's disk"
    return None
