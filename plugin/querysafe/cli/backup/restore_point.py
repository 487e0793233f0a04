"""``querysafe backup restore-point``: a name for the present moment."""

from contextlib import closing

import click

from querysafe.cli.backup import options

_EPILOG = """\b
Exit status:
  0  the moment has its name, and its segment was handed to the archiver
  3  the server could not be reached or refused

\b
Examples:
  querysafe backup restore-point before-migration --database postgresql://shop@db/shop
"""


@click.command("restore-point", epilog=_EPILOG)
@click.argument("name")
@click.option(
    "--database",
    envvar="QUERYSAFE_BACKUP_DATABASE",
    show_envvar=True,
    required=True,
    metavar="URL",
    help="Any database of the cluster; the role may call pg_create_restore_point().",
)
@options.form
def restore_point(name: str, database: str, form: str) -> None:
    """Name the present moment, and switch the WAL so that it is archived at once."""
    import psycopg

    from querysafe.backup.errors import BackupError
    from querysafe.postgres.target import Target

    if not name or len(name.encode()) > 63:
        raise click.UsageError("a name has 1 to 63 bytes")
    with closing(Target.parse(database).connect(autocommit=True)) as connection:
        try:
            row = connection.execute(
                "SELECT pg_create_restore_point(%s)::text, clock_timestamp(), "
                "pg_walfile_name(pg_switch_wal())",
                (name,),
            ).fetchone()
        except psycopg.Error as error:
            raise BackupError(
                f"the server refused: {error.diag.message_primary or type(error).__name__}",
                hint="it needs wal_level = replica and a role that may create restore points",
            ) from None
    assert row is not None
    options.announce(
        form,
        {"name": name, "lsn": row[0], "time": row[1].isoformat(), "segment": row[2]},
        [f"{name}: {row[0]} at {row[1].isoformat()}"],
    )
