"""``querysafe backup status``: whether the promise is kept."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from querysafe.backup.settings import span
from querysafe.cli.backup import engine, options
from querysafe.errors import SettingsError
from querysafe.exit_codes import ExitCode

if TYPE_CHECKING:
    from querysafe.backup.standing import Standing

_EPILOG = """\b
Exit status:
  0  every promise is kept
  1  one is not; it is named, with what to do
  3  the repository could not be read, or the file of metrics not be written

\b
Examples:
  querysafe backup status --repository /var/backups --max-age 26h --max-verified-age 8d
  querysafe backup status --repository s3://backups/shop --format json
  querysafe backup status --repository s3://backups/shop \\
      --textfile /var/lib/node_exporter/textfile_collector/querysafe.prom
  querysafe backup status --engine pgbackrest --stanza shop --max-base-age 26h
"""


def _span(ctx: click.Context, parameter: click.Parameter, value: Any) -> timedelta | None:
    if value is None:
        return None
    try:
        return span("the span", value)
    except SettingsError as error:
        raise click.BadParameter(
            f'"{value}" is no span of time: {error.hint}', ctx=ctx, param=parameter
        ) from None


@engine.on_engine(engine.status, goes=("max_base_age", "textfile"))
@click.command(epilog=_EPILOG)
@options.repository
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(["logical", "base"]),
    multiple=True,
    help="Judge backups of this kind only; may be repeated.",
)
@click.option(
    "--max-age",
    callback=_span,
    default="26h",
    show_default=True,
    metavar="SPAN",
    help="How old the newest whole logical backup may be: 90s, 10m, 26h, 8d, 2w.",
)
@click.option(
    "--max-base-age",
    callback=_span,
    default="8d",
    show_default=True,
    metavar="SPAN",
    help="How old the newest whole base backup may be.",
)
@click.option(
    "--max-verified-age",
    callback=_span,
    default="8d",
    show_default=True,
    metavar="SPAN",
    help="How long ago a restore may have been compared last.",
)
@click.option(
    "--max-wal-lag",
    callback=_span,
    metavar="SPAN",
    help="How old the newest archived segment may be; give it when archive_timeout is set.",
)
@click.option(
    "--textfile",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write gauges here too, for node_exporter's textfile collector.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "prometheus"]),
    default="text",
    show_default=True,
    help="How to write the result.",
)
def status(
    repository: str,
    kinds: tuple[str, ...],
    max_age: timedelta,
    max_base_age: timedelta,
    max_verified_age: timedelta,
    max_wal_lag: timedelta | None,
    textfile: Path | None,
    form: str,
) -> None:
    """Say whether the newest backup and the newest verified one are as young as promised.

    The repository alone is read, so that any machine can ask. Gaps in the WAL archive and
    work whose last run failed break the promise, too. Where QUERYSAFE_BACKUP_PING_URL is
    set, that address is asked for when every promise is kept: whoever watches it misses it.
    """
    from querysafe.backup.promise import look
    from querysafe.backup.standing import Promise

    promise = Promise(
        max_age=max_age,
        max_base_age=max_base_age,
        max_verified_age=max_verified_age,
        max_wal_lag=max_wal_lag,
    )
    standing = look(options.opened(repository), promise, now=datetime.now(UTC), kinds=kinds)
    report(standing, textfile, form)


def report(standing: "Standing", textfile: Path | None, form: str) -> None:
    """Say how it stands, to whom it may concern; status 1 when a promise is broken."""
    from querysafe.backup.metrics import exposition, write_textfile
    from querysafe.backup.ping import ping
    from querysafe.backup.settings import read
    from querysafe.backup.standing import to_json

    if textfile is not None:
        write_textfile(standing, textfile)
    if form == "prometheus":
        click.echo(exposition(standing), nl=False)
    else:
        options.say(form, to_json(standing), _lines(standing))
    if not standing.holds:
        sys.exit(ExitCode.FINDINGS)
    url = read({}).ping_url
    problem = ping(url) if url else None
    if problem is not None:
        click.echo(f"warning: the ping was not answered: {problem}", err=True)


def _lines(standing: "Standing") -> Iterator[str]:
    from querysafe.backup.standing import ago

    at = standing.at
    for each in standing.kept:
        drilled = f"verified {ago(at - each.verified)} ago" if each.verified else "never verified"
        rto = f", restored in {each.rto_seconds:.1f} s" if each.rto_seconds is not None else ""
        unsaid = standing.promise.max_verified_age == timedelta.max
        yield (
            f"{each.kind} of {each.subject}: {each.count} whole, the newest {each.newest_id} "
            f"{ago(at - each.newest)} old, {options.size(each.stored_bytes)}"
            f"{'' if unsaid else f', {drilled}'}{rto}"
        )
    for status in standing.wal:
        if status.last is not None:
            gaps = f"{len(status.gaps)} gaps" if status.gaps else "no gap"
            yield (
                f"WAL of {status.system}: to {status.last.last}, "
                f"{ago(at - status.last.closed)} behind, {gaps}, {options.size(status.stored_bytes)}"
            )
    for subject in standing.retired:
        yield f"retired: {subject}"
    for each_broken in standing.broken:
        yield f"BROKEN  {each_broken.words}"
        yield f"        {each_broken.cure}"
    if standing.holds:
        yield "every promise is kept"
