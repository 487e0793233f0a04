"""The lexicon's commands: ``python -m tests.lexicon.cli``.

Exit status: 0 when it worked, 1 when a program or the database failed, 2 for a wrong argument.
"""

import os
import subprocess
from pathlib import Path

import click
from sqlalchemy import URL, Engine, create_engine, inspect, make_url
from sqlalchemy.pool import NullPool

from tests.lexicon.core.config import DEFAULT_URL, sync_url
from tests.lexicon.core.postgres import client_program
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


@main.command("backup-db")
@database_option
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup_db(database_url: str, file: Path) -> None:
    """Write a logical backup of the database to FILE, which must not exist."""
    if file.exists():
        raise click.UsageError(f'"{file}" exists already')
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        _run("pg_dump", database_url, "--format=custom", "--no-owner", f"--file={unfinished}")
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)
    click.echo(f"{file}: {file.stat().st_size} bytes", err=True)


@main.command("restore-db")
@database_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore_db(database_url: str, file: Path) -> None:
    """Restore a logical backup into a database that has no tables yet."""
    engine = _engine(database_url)
    _refuse_tables(engine)
    engine.dispose()
    _run(
        "pg_restore",
        database_url,
        "--no-owner",
        "--single-transaction",
        "--exit-on-error",
        str(file),
    )
    click.echo(f'restored into "{make_url(database_url).database}"', err=True)


def _engine(database_url: str) -> Engine:
    return create_engine(sync_url(database_url), poolclass=NullPool)


def _refuse_tables(engine: Engine) -> None:
    tables = inspect(engine).get_table_names()
    if tables:
        raise click.UsageError(
            f'"{engine.url.database}" has {len(tables)} tables; give an empty database'
        )


def _run(program: str, database_url: str, *arguments: str) -> None:
    """Run a client program on the database; the password travels in the environment."""
    url = make_url(database_url)
    if url.get_backend_name() != "postgresql":
        raise click.UsageError(f"{program} needs a PostgreSQL database")
    environment = dict(os.environ)
    if url.password:
        environment["PGPASSWORD"] = str(url.password)
    finished = subprocess.run(
        [client_program(program), f"--dbname={_libpq(url)}", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise click.ClickException(f"{program} failed: {finished.stderr.strip()}")


def _libpq(url: URL) -> str:
    without = url.set(drivername="postgresql", password=None)
    return without.render_as_string(hide_password=False)


if __name__ == "__main__":
    main(prog_name="python -m tests.lexicon.cli")
