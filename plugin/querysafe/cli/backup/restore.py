"""``querysafe backup restore``: as a database, or as a data directory at any moment."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from querysafe.cli.backup import options
from querysafe.cli.backup.progress import bars
from querysafe.errors import SettingsError

if TYPE_CHECKING:
    from querysafe.backup.base.target import Moment
    from querysafe.backup.keys import Identities

_EPILOG = """\b
Exit status:
  0   it is restored: a database whose rows are those of the backup, or a directory that a
      server can start from
  2   an option is wrong
  3   it was refused or failed; the target is as it was
  75  the target is being restored already

\b
Examples:
  querysafe backup restore --repository /var/backups --target postgresql://db/shop_new
  querysafe backup restore --repository /var/backups --target postgresql://db/shop --replace
  querysafe backup restore --repository s3://backups/shop --data-directory /srv/restored \\
      --to-time 2026-01-31T12:00:00+00:00 --recover
"""


@click.command(epilog=_EPILOG)
@options.repository
@options.backup_id
@click.option(
    "--target",
    metavar="URL",
    help="The database to make: postgresql://user@host/name; the user may create databases.",
)
@click.option(
    "--replace",
    is_flag=True,
    help="Swap the restored database in for one that is not empty; the old one is kept as "
    "NAME_old_TIME.",
)
@click.option("--drop-old", is_flag=True, help="Drop the old database after the swap.")
@click.option("--no-owner", is_flag=True, help="Leave out owners and privileges.")
@click.option("--create-roles", is_flag=True, help="Create missing roles, without passwords.")
@click.option("--schema", "schemas", multiple=True, metavar="NAME", help="Only this schema.")
@click.option("--table", "tables", multiple=True, metavar="NAME", help="Only this table.")
@click.option(
    "--data-directory",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Restore a base backup into this empty directory.",
)
@click.option("--to-latest", is_flag=True, help="Recover to the end of the archive (default).")
@click.option("--to-time", "--to", "to_time", metavar="TIME", help="… to a time, with its offset.")
@click.option("--to-lsn", metavar="LSN", help="… to a position of the log.")
@click.option("--to-name", metavar="NAME", help="… to a restore point.")
@click.option(
    "--timeline", type=click.IntRange(min=1), help="Follow this timeline, not the newest."
)
@click.option("--exclusive", is_flag=True, help="Stop just before the time or position.")
@click.option(
    "--action",
    type=click.Choice(["promote", "pause", "shutdown"]),
    default="promote",
    show_default=True,
    help="What the server does when the moment is reached.",
)
@click.option(
    "--recover",
    is_flag=True,
    help="Run the recovery now on a private socket, say what was reached, and stop the server.",
)
@options.identity
@options.bin_directory
@options.form
def restore(
    repository: str,
    backup_id: str,
    target: str | None,
    data_directory: Path | None,
    identity: Path | None,
    form: str,
    **given: Any,
) -> None:
    """Restore a backup as a database (--target) or as a data directory (--data-directory).

    Every stored byte is checked first. A database is restored beside the target, its rows
    are counted as the backup counted them, and only then it gets the target's name, in one
    transaction. A directory gets its control file last, when every segment that recovery
    will ask for lies ready and proven. A failure leaves the target as it was.
    """
    from querysafe.backup.keys import Identities

    if (target is None) == (data_directory is None):
        raise click.UsageError("name either --target URL or --data-directory DIR")
    identities = Identities.read(identity) if identity else None
    if target is not None:
        _database(repository, backup_id, target, identities, form, given)
    else:
        assert data_directory is not None
        _directory(repository, backup_id, data_directory, identities, form, given)


def _database(
    repository: str,
    backup_id: str,
    target: str,
    identities: "Identities | None",
    form: str,
    given: dict[str, Any],
) -> None:
    from querysafe.backup.catalog import find, newest
    from querysafe.backup.logical.restore import Wishes
    from querysafe.backup.logical.restore import restore as carry_out
    from querysafe.postgres.target import Target

    moments = ("to_latest", "to_time", "to_lsn", "to_name", "timeline", "recover", "exclusive")
    for name in moments:
        if given[name]:
            raise click.UsageError(f"--{name.replace('_', '-')} goes with --data-directory")
    if given["drop_old"] and not given["replace"]:
        raise click.UsageError("--drop-old goes with --replace")
    wishes = Wishes(
        replace=given["replace"],
        drop_old=given["drop_old"],
        owner=not given["no_owner"],
        create_roles=given["create_roles"],
        schemas=given["schemas"],
        tables=given["tables"],
        identities=identities,
        bin_directory=given["bin_directory"],
    )
    store = options.opened(repository)
    manifest = newest(store, "logical") if backup_id == "latest" else find(store, backup_id)
    with bars() as steps:
        done = carry_out(store, manifest, Target.parse(target), wishes, steps)
    compared = "counted and hashed" if done.hashed else "counted"
    options.say(
        form,
        asdict(done),
        [
            f"{done.database} is {done.backup}: {done.tables} tables, {done.rows} rows, {compared}",
            *([f"the old database is kept as {done.kept}"] if done.kept else []),
            *(f"created the role {role}" for role in done.roles),
        ],
    )


def _directory(
    repository: str,
    backup_id: str,
    directory: Path,
    identities: "Identities | None",
    form: str,
    given: dict[str, Any],
) -> None:
    from querysafe.backup.base.recover import recovered
    from querysafe.backup.base.restore import Wishes
    from querysafe.backup.base.restore import restore as carry_out
    from querysafe.backup.base.target import choose

    for name in ("replace", "drop_old", "no_owner", "create_roles", "schemas", "tables"):
        if given[name]:
            option = name.removesuffix("s") if name in ("schemas", "tables") else name
            raise click.UsageError(f"--{option.replace('_', '-')} goes with --target")
    if given["recover"] and given["action"] == "shutdown":
        raise click.UsageError("--recover goes with --action promote or pause")
    moment = _moment(given)
    wishes = Wishes(
        action=given["action"],
        inclusive=not given["exclusive"],
        identities=identities,
        bin_directory=given["bin_directory"],
    )
    store = options.opened(repository)
    with bars() as steps:
        coverage = choose(store, moment, id=backup_id, identities=identities)
        done = carry_out(store, coverage, moment, directory.absolute(), wishes, steps)
    content: dict[str, Any] = {**asdict(done), "reached": None}
    lines = [
        f"{directory} is {done.backup} with {done.segments} segments, ready to recover to "
        f"{done.moment} on timeline {done.timeline}",
        "archive_mode is off in its postgresql.auto.conf, so that it does not write to the "
        "same archive",
    ]
    if given["recover"]:
        major = int(done.server_version.partition(".")[0])
        with recovered(done.directory, major=major, bin_directory=given["bin_directory"]) as (
            _,
            reached,
        ):
            content["reached"] = asdict(reached)
        lines.append(
            f"reached: {reached.stopped}; last transaction {reached.last_transaction or 'none'}, "
            f"LSN {reached.lsn}, timeline {reached.timeline}, {reached.seconds:.1f} s"
        )
    options.say(form, content, lines)


def _moment(given: dict[str, Any]) -> "Moment":
    from querysafe.backup.base.target import Moment
    from querysafe.backup.wal.names import parse_lsn

    named = [name for name in ("to_latest", "to_time", "to_lsn", "to_name") if given[name]]
    if len(named) > 1:
        both = " and ".join(f"--{name.replace('_', '-')}" for name in named)
        raise click.UsageError(f"{both} exclude each other")
    time = lsn = None
    try:
        if given["to_time"]:
            time = datetime.fromisoformat(given["to_time"])
            if time.utcoffset() is None:
                raise ValueError
    except ValueError:
        raise SettingsError(
            f'--to-time is "{given["to_time"]}", which is no time with an offset',
            hint="write 2026-01-31T12:00:00+00:00",
        ) from None
    try:
        if given["to_lsn"]:
            lsn = parse_lsn(given["to_lsn"])
    except ValueError:
        raise SettingsError(f'--to-lsn is "{given["to_lsn"]}"', hint="write 0/3000148") from None
    return Moment(time=time, lsn=lsn, name=given["to_name"], timeline=given["timeline"])
