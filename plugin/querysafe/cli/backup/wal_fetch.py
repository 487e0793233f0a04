"""``querysafe backup wal-fetch``: what a standby's ``restore_command`` may call."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from querysafe.cli.backup import options
from querysafe.cli.shell import complain
from querysafe.errors import QuerysafeError

ABSENT = 1
"""PostgreSQL takes this for the end of the archive."""
UNKNOWN = 255
"""Above 125 PostgreSQL stops recovery instead of promoting with data missing (manual, 26.3.4)."""
_EPILOG = """\b
Exit status:
  0    the file was fetched and its hash proven
  1    the archive was read and has no such file, and nothing behind it
  255  anything else: PostgreSQL then stops, and loses nothing

\b
Examples:
  restore_command = 'querysafe backup wal-fetch %f %p --repository s3://backups/shop'
"""


class _FailsClosed(click.Command):
    """A command whose every failure stops recovery: a mistyped option must not end it."""

    def make_context(self, *arguments: Any, **named: Any) -> click.Context:
        try:
            return super().make_context(*arguments, **named)
        except click.UsageError as error:
            error.exit_code = UNKNOWN  # type: ignore[misc]
            raise


@click.command("wal-fetch", cls=_FailsClosed, epilog=_EPILOG)
@click.argument("name")
@click.argument("path", type=click.Path(path_type=Path))
@options.repository
@options.identity
@click.option("--system", metavar="ID", help="The cluster, where a repository holds several.")
def wal_fetch(
    name: str, path: Path, repository: str, identity: Path | None, system: str | None
) -> None:
    """Fetch one file of the archive, for a standby. A restore needs none of this.

    A segment is absent when the archive ends before it. One that is missing in the midst of
    others, and an archive that holds nothing at all, are failures.
    """
    from querysafe.backup.errors import ObjectMissing
    from querysafe.backup.keys import Identities
    from querysafe.backup.wal import archive, cluster

    try:
        store = options.opened(repository)
        identities = Identities.read(identity) if identity else None
        file = archive.find(store, name, system or cluster.beside(path))
        _write(path, archive.fetch(store, file, identities))
    except ObjectMissing as error:
        complain(f"absent: {error.message}")
        sys.exit(ABSENT)
    except (QuerysafeError, OSError) as error:
        complain(f"error: {error}")
        sys.exit(UNKNOWN)
    except Exception as error:
        complain(f"error: {type(error).__name__}: {error}")
        sys.exit(UNKNOWN)


def _write(path: Path, data: bytes) -> None:
    """Let the file appear whole or not at all."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
