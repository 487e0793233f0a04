"""``querysafe backup lock``: keep one backup whatever retention says."""

import click

from querysafe.cli.backup import options

_EPILOG = """\b
Exit status:
  0  it is locked
  3  there is no such backup, or the repository could not be written

\b
Examples:
  querysafe backup lock --repository /var/backups --id 20260131T021500Z-1a2b3c4d
"""


@click.command(epilog=_EPILOG)
@options.repository
@options.backup_id
def lock(repository: str, backup_id: str) -> None:
    """Forbid retention to delete a backup.

    It is kept until `unlock`, whatever the counters say; `list` shows it.
    """
    from querysafe.backup import catalog

    store = options.opened(repository)
    id = catalog.find(store, backup_id).id
    catalog.lock(store, id)
    options.announce("text", None, [f"{id} is locked"])
