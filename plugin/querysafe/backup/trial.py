"""A restore whose result is compared and thrown away."""

import secrets
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from querysafe.backup.errors import DamagedBackup, KeyMissing
from querysafe.backup.keys import Identities
from querysafe.backup.logical.restore import Wishes, restore
from querysafe.backup.logical.scratch import drop, name_for
from querysafe.backup.manifest import Manifest
from querysafe.backup.repository import Repository
from querysafe.backup.steps import Steps
from querysafe.errors import ServerError
from querysafe.postgres.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How it went; well when ``problems`` is empty."""

    problems: tuple[str, ...] = ()
    is_damaged: bool = False
    """Whether what is wrong is the backup, and not the key or the server."""


def try_restore(
    repository: Repository,
    manifest: Manifest,
    server: str,
    *,
    identities: Identities | None = None,
    bin_directory: Path | None = None,
    steps: Steps | None = None,
) -> Trial:
    """Restore into a new database of a server, compare, drop it; return what is wrong.

    Raises :class:`ServerError` when the server cannot be reached. Owners and privileges are
    left out, since the server need not have the roles.
    """
    at = Target.parse(server)
    with closing(at.connect(autocommit=True)) as connection:
        name = name_for(manifest.database or "backup", f"trial_{secrets.token_hex(4)}")
        try:
            restore(
                repository,
                manifest,
                at.to(name),
                Wishes(owner=False, identities=identities, bin_directory=bin_directory),
                steps,
            )
        except (DamagedBackup, KeyMissing, ServerError) as error:
            return Trial(problems=(error.message,), is_damaged=isinstance(error, DamagedBackup))
        finally:
            with suppress(ServerError):
                drop(connection, name)
    return Trial()
