"""``querysafe advise SOURCE…``: indexes for the queries of recordings, logs and servers."""

import os
import shutil
import sys
from pathlib import Path

import click

from querysafe.cli.advise.revising import Asked, copied, replanned, revise, revision_options
from querysafe.cli.numbers import Number
from querysafe.errors import QuerysafeError

_EPILOG = """\b
Exit status:
  0  the advice is written, also when it is that no index is missing
  2  an option or an argument is wrong
  3  a source or the database cannot be read; nothing was changed

\b
Examples:
  querysafe advise recordings --database postgresql://localhost/shop_test --stats stats.json
  querysafe advise queries.sql --database postgresql://localhost/shop --budget-mb 300
  querysafe advise pg_stat_statements --database service=shop --format html --output advice.html
  querysafe advise postgresql.log --database service=shop_test --rows orders=5000000,users=200000
  querysafe advise recordings --database postgresql://localhost/shop_test --revision --models
"""


_NAMED = 3


class ForeignWorkload(QuerysafeError):
    """no statement of the sources can be planned on the database"""

    slug = "advice"


@click.command("advise", epilog=_EPILOG)
@click.argument("places", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "--database",
    envvar="QUERYSAFE_ADVISE_DATABASE",
    show_envvar=True,
    required=True,
    metavar="URL",
    help="Database with the schema: postgresql://user@host/name. It is read, never changed.",
)
@click.option(
    "--stats",
    "statistics",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE",
    help="Production's planner statistics, from querysafe advise stats export.",
)
@click.option(
    "--rows",
    metavar="N | TABLE=N,...",
    help="Rows that tables have in production: of the largest, or of those named. "
    r"[tool.querysafe.advice.rows] declares them, too.",
)
@click.option(
    "--budget-mb",
    type=Number(min=0, min_open=True),
    metavar="N",
    help="The most that all advised indexes may take, in MB of 1,000,000 bytes.",
)
@click.option(
    "--per-table",
    type=click.IntRange(min=1),
    default=16,
    show_default=True,
    metavar="N",
    help="The most new indexes of one table.",
)
@click.option(
    "--write-penalty",
    type=Number(min=0),
    default=1.0,
    show_default=True,
    metavar="X",
    help="How dear writing an index is: 0 for a database that is only read, more for one that "
    "must take writes fast.",
)
@click.option(
    "--explain", is_flag=True, help="Say why each index is advised, and why others are not."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["sql", "json", "text", "markdown", "html"]),
    default="text",
    show_default=True,
    help="How to write it; sql is one CREATE INDEX a line.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write it; standard output when left out.",
)
@click.option(
    "--live",
    is_flag=True,
    help="Ask the database itself, read-only, with HypoPG where it is installed, instead of a clone.",
)
@click.option(
    "--place",
    type=click.Choice(["auto", "server", "embedded"]),
    default="auto",
    show_default=True,
    help="Where the throw-away clone is made: on the database's server, or on an own one.",
)
@revision_options
def sources(
    places: tuple[str, ...],
    database: str,
    statistics: Path | None,
    rows: str | None,
    budget_mb: float | None,
    per_table: int,
    write_penalty: float,
    explain: bool,
    form: str,
    output: Path | None,
    live: bool,
    place: str,
    revising: Asked,
) -> None:
    """Advise on indexes for a whole workload, and on what belongs to that.

    A SOURCE is a recording of pytest --querysafe-record or a folder of them, a JSON log with
    querysafe's events, a log of the server (stderr, csvlog, jsonlog, auto_explain), a file
    of SQL, JSON lines with "sql", "params" and "calls", a dump of pg_stat_statements, the word
    pg_stat_statements for the view of the database, or - for standard input.

    Each statement is planned on a throw-away clone of the schema with the sizes and
    statistics of production, or with guessed ones; the report says which. No statement is
    executed. Of all indexes that would serve the workload those are advised that pay for
    what they take, in space and in writes.
    """
    from querysafe.advice.advising import Limits, advise
    from querysafe.cli.advise.hearing import hear
    from querysafe.cli.advise.opening import opened
    from querysafe.cli.advise.progress import bars
    from querysafe.report.advice import render
    from querysafe.report.advice.words import refusals

    if live and (statistics or rows):
        raise click.UsageError("--live asks the database itself: it excludes --stats and --rows")
    counts = _rows(rows)
    workload = hear(places, database)
    limits = Limits(
        budget_bytes=None if budget_mb is None else int(budget_mb * 1_000_000),
        per_table=per_table,
        write_penalty=write_penalty,
    )
    with bars() as steps, opened(database, statistics, counts, place, live=live) as planner:
        advice = advise(workload, planner, limits, steps)
    if not advice.effects:
        reasons = list(dict.fromkeys(each.why for each in advice.refused))
        cures = list(dict.fromkeys(each.cure for each in advice.refused if each.cure))
        more = f"; and {len(reasons) - _NAMED} more" if len(reasons) > _NAMED else ""
        raise ForeignWorkload(
            f"no statement of {', '.join(places)} can be planned on this database: "
            f"{'; '.join(reasons[:_NAMED])}{more}",
            hint=" ".join(cures[:_NAMED])
            or "is it a recording of another schema? name the database that the queries ran on",
        )
    text = render(
        advice,
        form,
        explain=explain,
        width=max(80, shutil.get_terminal_size(fallback=(100, 24)).columns),
        color=output is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR"),
    )
    if form == "sql" or output is not None or revising.diff:
        for line in refusals(advice):
            click.echo(f"warning: not looked at: {line}", err=True)
    if output is None:
        if not revising.diff:
            click.echo(text, nl=False)
    else:
        from querysafe.report.writing import write

        write(output, text)
        click.echo(f'"{output}" is written', err=True)
    if revising.revision and not advice.indexes and not revising.drop_redundant:
        click.echo("no index is advised: there is no revision to write", err=True)
    elif revising.revision:
        again = None if live else replanned(database, statistics, counts)
        revise(advice, revising, replan=again, copy=copied(database))


def _rows(text: str | None) -> int | dict[str, int] | None:
    """``1000000`` for the largest tables, ``orders=5,users=7`` for some."""
    if text is None:
        return None
    if text.replace("_", "").isdecimal():
        return _count(text)
    counts: dict[str, int] = {}
    for part in text.split(","):
        name, equals, count = part.strip().partition("=")
        if not equals or not name.strip() or not count.strip().replace("_", "").isdecimal():
            raise click.BadParameter(f'"{part.strip()}" is no TABLE=N', param_hint="--rows")
        counts[name.strip()] = _count(count)
    return counts


def _count(text: str) -> int:
    from querysafe.advice.declared import MOST

    count = int(text.strip().replace("_", ""))
    if count > MOST:
        raise click.BadParameter(
            f'"{text.strip()}" is more than the {MOST:,} rows that a table may have',
            param_hint="--rows",
        )
    return count
