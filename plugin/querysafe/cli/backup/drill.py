"""``querysafe backup drill``: restore a backup elsewhere and look at everything."""

import sys
from pathlib import Path
from typing import Any

import click

from querysafe.cli.backup import engine, moment, options
from querysafe.cli.backup.progress import bars
from querysafe.exit_codes import ExitCode

_EPILOG = """\b
Exit status:
  0  it was restored, and nothing that was looked at is wrong
  1  the restore failed, or something is wrong; it is named
  3  the drill could not be held: no server, no program, no repository

\b
Examples:
  querysafe backup drill --repository /var/backups --smoke smoke.sql
  querysafe backup drill --repository s3://backups/shop --kind base --format json
  querysafe backup drill --repository /var/backups --to-time 2026-01-31T12:00:00+00:00
"""


@engine.on_engine(engine.drill, goes=("backup_id", "smoke", "bin_directory"))
@click.command(epilog=_EPILOG)
@options.repository
@options.backup_id
@click.option(
    "--kind",
    type=click.Choice(["logical", "base"]),
    help="Of the newest backups, one of this kind.",
)
@click.option(
    "--server",
    metavar="URL",
    help="Restore a logical backup into a new database of this server, not a throw-away one.",
)
@click.option(
    "--smoke",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Queries of the application that must run, and must not answer false; may be repeated.",
)
@click.option(
    "--smoke-database",
    metavar="NAME",
    help="Of a base backup, the database to run them in; by default that of --database when "
    "it was made.",
)
@moment.options
@options.identity
@options.bin_directory
@options.form
def drill(
    repository: str,
    backup_id: str,
    kind: str | None,
    server: str | None,
    smoke: tuple[Path, ...],
    smoke_database: str | None,
    identity: Path | None,
    bin_directory: Path | None,
    form: str,
    **given: Any,
) -> None:
    """Restore a backup into a throw-away cluster, compare and check it, and remember the result.

    Row counts, hashes, schema, sequences and extensions are held against the backup;
    pg_amcheck reads every table and index; the time taken is the RTO, the age of what was
    restored the RPO. A moment (--to-time …) is one of the newest base backup before it.
    """
    from querysafe.backup import catalog
    from querysafe.backup.base.target import choose
    from querysafe.backup.drill.run import Wishes
    from querysafe.backup.drill.run import drill as hold
    from querysafe.backup.keys import Identities
    from querysafe.backup.outcomes import noted

    store = options.opened(repository)
    identities = Identities.read(identity) if identity else None
    to = moment.parse(given)
    if moment.named(given) is None:
        manifest = catalog.claimed(store, backup_id, kind)
    elif kind == "logical" or server is not None:
        raise click.UsageError(f"{moment.named(given)} goes with a base backup")
    else:
        manifest = choose(store, to, id=backup_id, identities=identities).base
    wishes = Wishes(
        server=server,
        identities=identities,
        smoke=smoke,
        smoke_database=smoke_database,
        bin_directory=bin_directory,
    )
    with bars() as steps, noted(store, "drill", manifest.kind) as noting:
        result = hold(store, manifest, moment=to, wishes=wishes, steps=steps)
        if not result.passed:
            noting.failed("; ".join(f"{each.name}: {each.detail}" for each in result.failures))
    options.say(form, result.to_json(), list(_lines(result)))
    if not result.passed:
        sys.exit(ExitCode.FINDINGS)


def _lines(result: Any) -> Any:
    for check in result.checks:
        yield f"{check.outcome:7}  {check.told:24} {check.detail}"
    verdict = "passed" if result.passed else "failed"
    rto = "-" if result.restore_seconds is None else f"{result.restore_seconds:.1f} s"
    yield f"{result.backup} {verdict}: RTO {rto}, RPO {result.age_seconds:.0f} s"
