"""``querysafe backup``: a group that an application may mount into its own click group."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from querysafe.cli.shell import Shell, cleaning_up
from querysafe.errors import QuerysafeError

COMMANDS: dict[str, str] = {
    "create": "Back up a database.",
    "drill": "Restore a backup elsewhere and look at everything.",
    "expire": "Delete the backups that the retention does not keep.",
    "list": "List the backups of a repository.",
    "lock": "Forbid retention to delete a backup.",
    "rekey": "Change the keys that open what is stored.",
    "restore": "Restore a backup: a database, or a cluster at any moment.",
    "retire": "Say that a database or cluster is no more.",
    "restore-point": "Name the present moment, to restore to it later.",
    "retention": "Say which of some times a retention keeps.",
    "show": "Show all that is known of one backup.",
    "status": "Say whether backups are as young as promised.",
    "unlock": "Let retention decide on a backup again.",
    "verify": "Check every byte of a backup.",
    "wal-fetch": "Fetch a file of the WAL archive: a restore_command.",
    "wal-push": "Archive a file of the WAL: an archive_command.",
    "wal-receive": "Receive the WAL as it is written, and archive it.",
}
"""Command to its line in ``querysafe backup --help``."""

_EPILOG = """\b
Exit status:
  0   it was done
  1   what was looked at is not as it should be
  2   an option or an argument is wrong
  3   it could not be done: the server, the repository or a program failed
  75  the same work is being done already

\b
Examples:
  querysafe backup create --database postgresql://shop@db/shop --repository s3://backups/shop
  querysafe backup restore --repository s3://backups/shop --target postgresql://shop@db/shop_new
"""

_HELP = """Back up a PostgreSQL database, and prove that the backup restores.

Passwords come from PGPASSWORD, a passfile or a libpq service, keys of S3 from AWS_*;
neither ever stands in an argument, a log or a repository. What [tool.querysafe.backup] of
pyproject.toml says need not be said again.
"""
_PARAMETERS: Mapping[str, str] = {"postgres_bin": "bin_directory"}
"""Setting to the name of its parameter, where they differ."""
_ONLY: Mapping[str, str] = {"name": "create"}
"""Setting to the one command that takes it, where others have a parameter of that name."""


def mounted(
    settings: Callable[[], Mapping[str, Any]],
    *,
    name: str = "backup",
    more: Mapping[str, Mapping[str, Any]] | None = None,
) -> Shell:
    """The group for an application's own commands, told what the application knows.

    ``settings`` answers, when a command runs, what would stand in ``[tool.querysafe.backup]``:
    ``main.add_command(mounted(lambda: {"repository": "s3://backups/shop"}))``. Options and the
    environment go before it. ``more`` has defaults of single commands, by parameter.
    """
    return _Configured(
        name,
        settings,
        more or {},
        lazy=COMMANDS,
        home="querysafe.cli.backup",
        epilog=_EPILOG,
        help=_HELP,
    )


class _Told(click.ClickException):
    """One of our errors, for an application's own click group."""

    def __init__(self, error: QuerysafeError) -> None:
        hint = f"\n  hint: {error.hint}" if error.hint else ""
        super().__init__(f"{error.message}{hint}")
        self.exit_code = error.exit_status  # type: ignore[misc]


class _Configured(Shell):
    """A group whose commands take the defaults of a table of settings."""

    def __init__(
        self,
        name: str,
        settings: Callable[[], Mapping[str, Any]],
        more: Mapping[str, Mapping[str, Any]],
        **rest: Any,
    ) -> None:
        super().__init__(name, **rest)
        self._settings = settings
        self._more = more

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; below a group that does not know our errors, tell them as click's."""
        if isinstance(ctx.find_root().command, Shell):
            return self._configured(ctx)
        try:
            with cleaning_up():
                return self._configured(ctx)
        except QuerysafeError as error:
            raise _Told(error) from None

    def _configured(self, ctx: click.Context) -> Any:
        from querysafe.backup.settings import read

        table = self._settings()
        read(table, environ={})
        ctx.default_map = {
            command: {
                _PARAMETERS.get(name, name): value
                for name, value in table.items()
                if _ONLY.get(name, command) == command and name != "server"
            }
            | dict(self._more.get(command, {}))
            for command in COMMANDS
        }
        return super().invoke(ctx)


def _project() -> Mapping[str, Any]:
    from querysafe.backup.settings import table

    return table()


backup = mounted(_project)

__all__ = ["COMMANDS", "backup", "mounted"]
