"""``querysafe backup retire``: a database that is no more is not missed."""

from datetime import UTC, datetime

import click

from querysafe.cli.backup import options

_EPILOG = """\b
Exit status:
  0  `status` no longer waits for a backup of it, or does again (--undo)
  3  there is no such backup, or the repository could not be written

\b
Examples:
  querysafe backup retire --repository /var/backups --id 20260131T021500Z-1a2b3c4d
"""


@click.command(epilog=_EPILOG)
@options.repository
@click.option("--id", "backup_id", required=True, metavar="ID", help="A backup of what is no more.")
@click.option("--undo", is_flag=True, help="Miss backups of it again.")
def retire(repository: str, backup_id: str, undo: bool) -> None:
    """Say that the database of a backup, or the cluster of a base backup, is no more.

    Its backups stay until retention deletes them, and restore as ever; `status` no longer
    asks how old they are. That ends by itself when it is backed up again. After pg_upgrade
    a cluster is a new one: retire the old one by its last base backup.
    """
    from querysafe.backup import catalog, retired

    store = options.opened(repository)
    manifest = catalog.find(store, backup_id)
    if undo:
        retired.take_back(store, manifest)
        told = f"backups of what {manifest.id} is of are missed again"
        options.announce("text", None, [told])
        return
    made = retired.retire(store, manifest, datetime.now(UTC))
    options.announce("text", None, [f"{made.subject} is retired"])
