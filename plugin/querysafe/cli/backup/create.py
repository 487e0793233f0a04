"""``querysafe backup create``: back up a database."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from querysafe.backup.logical import create as logical
from querysafe.cli.backup import engine, options
from querysafe.cli.backup.progress import bars
from querysafe.cli.numbers import Number

if TYPE_CHECKING:
    from querysafe.backup.keys import Recipients
    from querysafe.backup.manifest import Manifest
    from querysafe.backup.repository import Repository
    from querysafe.backup.steps import Steps
    from querysafe.postgres.target import Target

_EPILOG = """\b
Exit status:
  0   the backup is whole: it was stored, read back, and is listed; also when the result
      cannot be printed
  2   an option is wrong
  3   it failed, and nothing that looks like a backup is left
  75  the database is being backed up already

\b
Examples:
  querysafe backup create --database postgresql://shop@db/shop --repository /var/backups
  querysafe backup create --database "service=shop" --repository s3://backups/shop \\
      --recipient age1…
"""


@engine.on_engine(engine.create, goes=("incremental", "kind"))
@click.command(epilog=_EPILOG)
@click.option(
    "--database",
    envvar="QUERYSAFE_BACKUP_DATABASE",
    show_envvar=True,
    required=True,
    metavar="URL",
    help="What to back up: postgresql://user@host/name, or a libpq connection string.",
)
@options.repository
@click.option(
    "--kind",
    type=click.Choice(["logical", "base"]),
    default="logical",
    show_default=True,
    help="An archive of one database, or the whole cluster for point-in-time recovery.",
)
@click.option(
    "--incremental",
    is_flag=True,
    help="Of a base backup: only what changed since the newest one (PostgreSQL 17 and newer).",
)
@options.identity
@click.option("--name", default="", metavar="TEXT", help="What to call it.")
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    envvar="QUERYSAFE_BACKUP_RECIPIENT",
    show_envvar=True,
    metavar="KEY",
    help="Encrypt for this public key of age; may be given several times.",
)
@click.option(
    "--hash/--no-hash",
    "hashed",
    default=None,
    help="Hash the rows of every table for the restore to compare; by default of databases "
    "up to 256 MiB. Rows are always counted.",
)
@click.option(
    "--lock-timeout",
    "lock_seconds",
    type=Number(min=1),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a table that somebody has locked.",
)
@options.bin_directory
@options.form
def create(
    database: str,
    repository: str,
    kind: str,
    incremental: bool,
    identity: Path | None,
    name: str,
    recipients: tuple[str, ...],
    hashed: bool | None,
    lock_seconds: float,
    bin_directory: Path | None,
    form: str,
) -> None:
    """Back up a database into a repository.

    The archive of pg_dump, the roles and the schema are compressed, hashed, encrypted for
    the recipients and stored in one pass; rows are counted in the same snapshot; what was
    stored is read back; the manifest comes last. With --kind base it is pg_basebackup's
    archive of the whole cluster, with the WAL that makes it consistent.
    """
    from querysafe.backup.keys import Recipients
    from querysafe.backup.outcomes import noted
    from querysafe.postgres.target import Target

    if incremental and kind != "base":
        raise click.UsageError("--incremental goes with --kind base")
    target = Target.parse(database)
    keys = Recipients.parse(recipients) if recipients else None
    store = options.opened(repository, create=True)
    subject = "base" if kind == "base" else f"logical {target.database}"
    with bars() as steps, noted(store, "create", subject):
        if kind == "base":
            manifest = _base(store, target, name, keys, incremental, identity, bin_directory, steps)
        else:
            wishes = logical.Wishes(
                name=name,
                recipients=keys,
                hashed=hashed,
                lock_seconds=lock_seconds,
                bin_directory=bin_directory,
            )
            manifest = logical.create(store, target, wishes, steps)
    rows = sum(each.rows for each in manifest.contents)
    seconds = (manifest.ended - manifest.started).total_seconds()
    told = (
        f"{manifest.database}, {len(manifest.contents)} tables, {rows} rows"
        if kind == "logical"
        else f"the cluster from {manifest.start_lsn} to {manifest.stop_lsn}"
    )
    options.announce(
        form,
        {
            "id": manifest.id,
            "status": "ok",
            "kind": manifest.kind,
            "database": manifest.database or None,
            "parent": manifest.parent,
            "time": manifest.started.isoformat(),
            "seconds": seconds,
            "size": manifest.stored_bytes,
            "tables": len(manifest.contents),
            "rows": rows,
        },
        [f"{manifest.id}: {told}, {options.size(manifest.stored_bytes)} in {seconds:.1f} s"],
    )


def _base(
    store: "Repository",
    target: "Target",
    name: str,
    keys: "Recipients | None",
    incremental: bool,
    identity: Path | None,
    bin_directory: Path | None,
    steps: "Steps",
) -> "Manifest":
    from querysafe.backup.base import create as base
    from querysafe.backup.keys import Identities

    wishes = base.Wishes(
        name=name,
        recipients=keys,
        incremental=incremental,
        identities=Identities.read(identity) if identity else None,
        bin_directory=bin_directory,
    )
    return base.create(store, target, wishes, steps)
