"""The lexicon's commands: ``python -m tests.lexicon.cli``.

`backup-db` and `restore-db` are querysafe's, into the repository that LEXICON_BACKUPS names.
Exit status: 0 when it worked, 2 for a wrong argument; of backups, that of `querysafe backup`.
"""

import os

import click
from sqlalchemy import Engine, create_engine, inspect, make_url
from sqlalchemy.pool import NullPool

from querysafe.cli.backup import mounted
from querysafe.cli.backup.application import application_commands
from tests.lexicon.core.config import DEFAULT_URL, sync_url
from tests.lexicon.data.loader import Size, load
from tests.lexicon.migrations import upgrade

database_option = click.option(
    "--database-url",
    envvar="LEXICON_DATABASE_URL",
    default=DEFAULT_URL,
    show_default=True,
    help="The lexicon's database.",
)


@click.group()
def main() -> None:
    """Looks after the lexicon's database."""


@main.command("seed-data")
@database_option
@click.option(
    "--rows",
    type=click.Choice([size.value for size in Size]),
    default=Size.SLICE.value,
    show_default=True,
)
def seed_data(database_url: str, rows: str) -> None:
    """Migrate an empty database and load the dictionary into it."""
    engine = _engine(database_url)
    _refuse_tables(engine)
    upgrade(engine)
    loaded = load(engine, Size(rows))
    engine.dispose()
    click.echo(f"{loaded.rows} rows, {loaded.rows_per_second} rows/second", err=True)


def _backups() -> dict[str, str]:
    url = make_url(os.environ.get("LEXICON_DATABASE_URL", DEFAULT_URL))
    libpq = url.set(drivername="postgresql")
    return {
        "database": libpq.render_as_string(hide_password=False),
        "repository": os.environ.get("LEXICON_BACKUPS", "backups"),
    }


for command in application_commands(_backups):
    main.add_command(command)
main.add_command(mounted(_backups))


def _engine(database_url: str) -> Engine:
    return create_engine(sync_url(database_url), poolclass=NullPool)


def _refuse_tables(engine: Engine) -> None:
    tables = inspect(engine).get_table_names()
    if tables:
        raise click.UsageError(
            f'"{engine.url.database}" has {len(tables)} tables; give an empty database'
        )


if __name__ == "__main__":
    main(prog_name="python -m tests.lexicon.cli")
