"""``querysafe backup wal-push``: what PostgreSQL's ``archive_command`` calls."""

from pathlib import Path

import click

from querysafe.cli.backup import options

_EPILOG = """\b
Exit status:
  0  the file is in the archive, synced; it may have been there before
  3  it is not: PostgreSQL keeps it and tries again

\b
Examples:
  archive_command = 'querysafe backup wal-push %p --repository s3://backups/shop'
  archive_timeout = 60
"""


@click.command("wal-push", epilog=_EPILOG)
@click.argument("path", type=click.Path(path_type=Path))
@options.repository
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    envvar="QUERYSAFE_BACKUP_RECIPIENT",
    show_envvar=True,
    metavar="KEY",
    help="Encrypt for this public key of age; may be given several times.",
)
def wal_push(path: Path, repository: str, recipients: tuple[str, ...]) -> None:
    """Archive one file of pg_wal.

    A segment must be whole and belong where its name says, to the cluster that archives here.
    Archiving it again is no error; archiving another file under its name is one. The first
    file may make the directory R, not the one that it lies in.
    """
    from querysafe.backup.keys import Recipients
    from querysafe.backup.wal.archive import push
    from querysafe.backup.wal.cluster import repository_for

    keys = Recipients.parse(recipients) if recipients else None
    push(repository_for(repository, path), path, recipients=keys)
