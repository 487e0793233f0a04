"""``querysafe backup wal-fetch``: what a standby's ``restore_command`` may call."""

import os
import sys
from pathlib import Path

import click

from querysafe.cli.backup import options
from querysafe.errors import QuerysafeError

ABSENT = 1
"""PostgreSQL takes this for the end of the archive."""
UNKNOWN = 255
"""Above 125 PostgreSQL stops recovery instead of promoting with data missing (manual, 26.3.4)."""
_EPILOG = """\b
Exit status:
  0    the file was fetched and its hash proven
  1    the archive was read and has no such file
  255  whether it has could not be found out: PostgreSQL then stops, and loses nothing

\b
Examples:
  restore_command = 'querysafe backup wal-fetch %f %p --repository s3://backups/shop'
"""


@click.command("wal-fetch", epilog=_EPILOG)
@click.argument("name")
@click.argument("path", type=click.Path(path_type=Path))
@options.repository
@options.identity
@click.option("--system", metavar="ID", help="The cluster, where a repository holds several.")
def wal_fetch(
    name: str, path: Path, repository: str, identity: Path | None, system: str | None
) -> None:
    """Fetch one file of the archive, for a standby. A restore needs none of this."""
    from querysafe.backup.errors import ObjectMissing
    from querysafe.backup.keys import Identities
    from querysafe.backup.wal import archive

    try:
        store = options.opened(repository)
        identities = Identities.read(identity) if identity else None
        data = archive.fetch(store, archive.find(store, name, system), identities)
        unfinished = path.with_name(f".{path.name}.unfinished")
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except ObjectMissing as error:
        click.echo(f"absent: {error.message}", err=True)
        sys.exit(ABSENT)
    except (QuerysafeError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(UNKNOWN)
