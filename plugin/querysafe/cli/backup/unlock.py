"""``querysafe backup unlock``: take a lock back."""

import click

from querysafe.cli.backup import options

_EPILOG = """\b
Exit status:
  0  it is unlocked
  3  there is no such backup, or the repository could not be written

\b
Examples:
  querysafe backup unlock --repository /var/backups --id 20260131T021500Z-1a2b3c4d
"""


@click.command(epilog=_EPILOG)
@options.repository
@options.backup_id
def unlock(repository: str, backup_id: str) -> None:
    """Let retention decide on a backup again."""
    from querysafe.backup import catalog

    store = options.opened(repository)
    id = catalog.find(store, backup_id).id
    catalog.unlock(store, id)
    options.announce("text", None, [f"{id} is unlocked"])
