"""``querysafe advise stats export``: the planner statistics of a database as a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from querysafe.cli.numbers import Number

if TYPE_CHECKING:
    from querysafe.advice.index import Table

_SHOWN = 10
_EPILOG = """\b
Exit status:
  0  the file is written
  2  an option is wrong
  3  the database cannot be read, or the file not written; an older file stays

\b
Examples:
  querysafe advise stats export --database postgresql://app@db/shop --output stats.json
  querysafe advise stats export --database service=shop --no-values > stats.json
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--database",
    envvar="QUERYSAFE_ADVISE_DATABASE",
    show_envvar=True,
    required=True,
    metavar="URL",
    help="Whose statistics: postgresql://user@host/name, or a libpq connection string.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write them; standard output when left out.",
)
@click.option("--with-values", is_flag=True, help="Keep all values, of text columns too.")
@click.option("--no-values", is_flag=True, help="Keep no value at all, only numbers.")
@click.option(
    "--timeout",
    "timeout_seconds",
    type=Number(min=1),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="The longest that one statement may run.",
)
def export(
    database: str,
    output: Path | None,
    with_values: bool,
    no_values: bool,
    timeout_seconds: float,
) -> None:
    """Write the planner statistics and sizes of a database to a file, without a row.

    The rights of an ordinary role are enough, a replica will do, and nothing is changed:
    pg_stats, pg_class and the counters of use are read. PostgreSQL 13 to 18. The passwords
    come from PGPASSWORD, a passfile or a libpq service.

    Values that statistics hold (the most common ones, the bounds of histograms) are kept
    of numbers, dates, booleans and enumerations, and of text only where a column repeats
    at most 50 different ones; never of JSON and UUIDs, unless --with-values says so.
    """
    from querysafe.advice.planning.exporting import export as exported
    from querysafe.advice.planning.permissions import bypass, grants
    from querysafe.advice.planning.statistics import dumps, save

    if with_values and no_values:
        raise click.UsageError("--with-values and --no-values exclude each other")
    values = "all" if with_values else "none" if no_values else "few"
    found = exported(database, values=values, timeout_seconds=timeout_seconds)
    if output is None:
        click.echo(dumps(found.statistics), nl=False)
    else:
        save(found.statistics, output)
        columns = sum(len(each.columns) for each in found.statistics.tables.values())
        click.echo(
            f'"{output}": {len(found.statistics.tables)} tables, {columns} columns', err=True
        )
    _tell("this role may not read the statistics of", found.unreadable)
    if found.ungranted:
        click.echo(f"  type: {grants(found.ungranted[:_SHOWN], found.role)}", err=True)
    if found.filtered:
        _tell(
            "  hidden by row security, which only their owner or BYPASSRLS passes", found.filtered
        )
        click.echo(f"  type: {bypass(found.role)}", err=True)
    _tell("never analysed (run ANALYZE there)", found.unanalyzed)


def _tell(what: str, tables: "Sequence[Table]") -> None:
    if not tables:
        return
    names = [f"{each.schema}.{each.name}" for each in tables]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    click.echo(f"{what}: {', '.join(names[:_SHOWN])}{more}", err=True)
