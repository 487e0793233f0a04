"""``querysafe backup show``: all that is known of one backup."""

import json

import click

from querysafe.cli.backup import options

_EPILOG = """\b
Exit status:
  0  it was shown
  3  there is no such backup, or the repository could not be read

\b
Examples:
  querysafe backup show --repository /var/backups
  querysafe backup show --repository /var/backups --id 20260131T021500Z-1a2b3c4d --format json
"""


@click.command(epilog=_EPILOG)
@options.repository
@options.backup_id
@options.form
def show(repository: str, backup_id: str, form: str) -> None:
    """Show the manifest of a backup."""
    from querysafe.backup.catalog import find
    from querysafe.backup.manifest import encode
    from querysafe.cli.backup.described import whole

    manifest = find(options.opened(repository), backup_id)
    options.say(form, json.loads(encode(manifest)), whole(manifest))
