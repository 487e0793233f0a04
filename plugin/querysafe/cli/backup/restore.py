"""``querysafe backup restore``: as a database, or as a data directory at any moment."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from querysafe.cli.backup import moment, options
from querysafe.cli.backup.progress import bars
from querysafe.cli.shell import complain

if TYPE_CHECKING:
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
@moment.options
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
    from querysafe.backup.catalog import find, newest, passed_over
    from querysafe.backup.logical.restore import Wishes
    from querysafe.backup.logical.restore import restore as carry_out
    from querysafe.postgres.target import Target

    flags = (f"--{name}" for name in ("recover", "exclusive") if given[name])
    if (misplaced := moment.named(given) or next(flags, None)) is not None:
        raise click.UsageError(f"{misplaced} goes with --data-directory")
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
    if backup_id == "latest":
        manifest = newest(store, "logical", is_read_again=True)
        for each in passed_over(store, manifest):
            click.echo(f"passed over {each.id}, which is damaged: {each.problem}", err=True)
    else:
        manifest = find(store, backup_id)
    with bars() as steps:
        done = carry_out(store, manifest, Target.parse(target), wishes, steps)
    if done.undropped:
        complain(f"warning: the old database, {done.kept}, is not dropped: {done.undropped}")
    compared = "counted and hashed" if done.hashed else "counted"
    options.announce(
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
    to = moment.parse(given)
    wishes = Wishes(
        action=given["action"],
        inclusive=not given["exclusive"],
        identities=identities,
        bin_directory=given["bin_directory"],
    )
    store = options.opened(repository)
    with bars() as steps:
        coverage = choose(store, to, id=backup_id, identities=identities)
        done = carry_out(store, coverage, to, directory.absolute(), wishes, steps)
    content: dict[str, Any] = {
        **asdict(done),
        "directory": str(directory),
        "covered": coverage.told(),
        "reached": None,
    }
    lines = [
        f"{directory} is {done.backup} with {done.segments} segments, ready to recover to "
        f"{done.moment} on timeline {done.timeline}",
        "archive_mode is off in it, so that it does not write to the archive that it came from",
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
    options.announce(form, content, lines)
