"""``querysafe backup wal-receive``: receive the WAL as it is written, and archive it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from querysafe.cli.backup import options
from querysafe.cli.numbers import Number

_EPILOG = """\b
Exit status:
  0   SIGTERM or SIGINT stopped it, and what was finished is archived or in the spool
  3   it could not begin; or the server deleted WAL that was not received: a gap
  75  another receiver writes into the same spool

\b
Examples:
  querysafe backup wal-receive --database postgresql://backup@db/postgres \\
      --repository s3://backups/shop
  querysafe backup wal-receive --database postgresql://backup@db/postgres \\
      --repository s3://backups/shop --drop-slot
  querysafe backup wal-receive --repository s3://backups/shop --salvage --spool DIRECTORY
"""


@click.command("wal-receive", epilog=_EPILOG)
@click.option(
    "--database",
    envvar="QUERYSAFE_BACKUP_DATABASE",
    show_envvar=True,
    metavar="URL",
    help="Any database of the cluster; the role needs REPLICATION.",
)
@options.repository
@click.option(
    "--slot",
    default="querysafe",
    show_default=True,
    metavar="NAME",
    help="Replication slot; it is made when there is none.",
)
@click.option(
    "--spool",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIRECTORY",
    help="Where segments lie until they are archived; by default below ~/.local/state.",
)
@click.option("--synchronous", is_flag=True, help="Sync each write at once and tell the server.")
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
    "--report-every",
    type=Number(min=0.1),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to say how far it is behind the server.",
)
@click.option("--drop-slot", is_flag=True, help="Drop the slot and end: it receives no more.")
@click.option(
    "--salvage",
    is_flag=True,
    help="The server is gone for good: archive the spool, its unfinished segment too, and end.",
)
@options.bin_directory
@options.form
def wal_receive(
    database: str | None,
    repository: str,
    slot: str,
    spool: Path | None,
    synchronous: bool,
    recipients: tuple[str, ...],
    report_every: float,
    drop_slot: bool,
    salvage: bool,
    bin_directory: Path | None,
    form: str,
) -> None:
    """Receive the WAL of a server as it is written, and archive each finished segment.

    It keeps pg_receivewal running until SIGTERM, with a replication slot, so that nothing is
    missing after a pause; it is an alternative to archive_command for servers that you cannot
    configure. Each event is a line, with --format json an object.
    """
    from querysafe.backup.keys import Recipients
    from querysafe.backup.receive import run
    from querysafe.backup.receive import slot as slots
    from querysafe.postgres.target import Target

    keys = Recipients.parse(recipients) if recipients else None
    if salvage:
        if spool is None:
            raise click.UsageError("--salvage needs --spool, the folder of the receiver")
        pushed = run.salvage(options.opened(repository, create=True), spool, recipients=keys)
        options.announce(form, {"archived": pushed}, [f"archived {name}" for name in pushed])
        return
    if database is None:
        raise click.UsageError("--database is missing, or QUERYSAFE_BACKUP_DATABASE")
    target = Target.parse(database)
    if drop_slot:
        dropped = slots.remove(target, slot)
        text = f'the slot "{slot}" is dropped' if dropped else f'there is no slot "{slot}"'
        options.announce(form, {"slot": slot, "dropped": dropped}, [text])
        return

    def tell(event: run.Event) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        if form == "json":
            told = {"time": now, "event": event.kind, "message": event.text, **event.facts}
            click.echo(json.dumps(told))
        else:
            click.echo(f"{now}  {event.kind:8}  {event.text}", err=True)

    run.receive(
        options.opened(repository, create=True),
        target,
        run.Wishes(
            slot=slot,
            spool=spool,
            synchronous=synchronous,
            recipients=keys,
            bin_directory=bin_directory,
            reports_every_seconds=report_every,
        ),
        tell,
    )
