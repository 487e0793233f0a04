"""``backup-db`` and ``restore-db``: two commands that an application adds to its own.

    for command in application_commands(lambda: {"repository": "s3://backups/shop"}):
        main.add_command(command)

They are sequences of the commands of ``querysafe backup``, told what the application knows.
"""

from collections.abc import Callable, Mapping
from typing import Any

import click

from querysafe.cli.backup import mounted

Settings = Callable[[], Mapping[str, Any]]


def application_commands(settings: Settings) -> tuple[click.Command, click.Command]:
    """``backup-db``, which backs up, proves and expires, and ``restore-db``.

    ``settings`` answers, when a command runs, what would stand in ``[tool.querysafe.backup]``,
    ``database`` and ``repository`` at least; options go before it. A command ends with the
    status that the command of ``querysafe backup`` has.
    """
    database = click.option(
        "--database-url", "database", metavar="URL", help="Another database than the usual one."
    )
    repository = click.option(
        "--repository", metavar="R", help="Another repository than the usual one."
    )

    @click.command("backup-db")
    @database
    @repository
    @click.option("--drill", is_flag=True, help="Restore it elsewhere too, and look at everything.")
    @click.option("--keep-all", is_flag=True, help="Expire nothing.")
    def backup_db(
        database: str | None, repository: str | None, drill: bool, keep_all: bool
    ) -> None:
        """Back up the database, read every byte back, and expire what retention does not keep."""
        told = _told(settings, database=database, repository=repository)
        _run(told, "create")
        _run(told, "drill" if drill else "verify")
        if not keep_all:
            _run(told, "expire")

    @click.command("restore-db")
    @database
    @repository
    @click.option("--id", default="latest", show_default=True, help="Which backup.")
    @click.option(
        "--replace",
        is_flag=True,
        help="Swap it in for a database that is not empty, and keep that as NAME_old_TIME.",
    )
    def restore_db(database: str | None, repository: str | None, id: str, replace: bool) -> None:
        """Restore a backup beside the database, compare every table, and only then swap it in."""
        told = _told(settings, database=database, repository=repository)
        if not told.get("database"):
            raise click.UsageError("no database is named: give --database-url")
        arguments = ["--id", id, *(["--replace"] if replace else [])]
        _run({**told, "target": told["database"]}, "restore", *arguments)

    return backup_db, restore_db


def _told(settings: Settings, **given: str | None) -> dict[str, Any]:
    return {**settings(), **{name: value for name, value in given.items() if value}}


def _run(told: Mapping[str, Any], command: str, *arguments: str) -> None:
    """Run a command of the group; end the process when it ends with anything but 0."""
    target = told.get("target")
    table = {name: value for name, value in told.items() if name != "target"}
    group = mounted(lambda: table, more={"restore": {"target": target}} if target else {})
    try:
        group.main([command, *arguments], "querysafe backup")
    except SystemExit as ended:
        if ended.code:
            raise
