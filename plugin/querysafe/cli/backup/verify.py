"""``querysafe backup verify``: every byte of a backup against its manifest."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from querysafe.cli.backup import engine, options
from querysafe.cli.backup.progress import bars
from querysafe.exit_codes import ExitCode

_EPILOG = """\b
Exit status:
  0  every byte is what was stored, and with --scratch the restored rows are those backed up
  1  something is wrong; it is named
  3  there is no such backup, or the repository could not be read

\b
Examples:
  querysafe backup verify --repository /var/backups
  querysafe backup verify --repository /var/backups --id 20260131T021500Z-1a2b3c4d \\
      --scratch postgresql://localhost/postgres
"""


@engine.on_engine(engine.verify, goes=("backup_id",))
@click.command(epilog=_EPILOG)
@options.repository
@options.backup_id
@options.identity
@click.option(
    "--scratch",
    metavar="URL",
    help="Restore into a new database of this server too, compare every table, and drop it.",
)
@click.option(
    "--wal/--no-wal",
    default=True,
    help="Of a base backup, read the WAL archive from it on too (the default).",
)
@options.bin_directory
@options.form
def verify(
    repository: str,
    backup_id: str,
    identity: Path | None,
    scratch: str | None,
    wal: bool,
    bin_directory: Path | None,
    form: str,
) -> None:
    """Check every byte of a backup, and let pg_restore walk its archive.

    What was found is remembered: a damaged backup is no longer listed as ok, and retention
    never deletes the last one whose restore was compared.

    With a base backup goes all that it needs: the backups that it builds upon, and the WAL
    archive from it on, which must have no gap. Without the key of an encrypted backup only
    the stored bytes are checked, which is said.
    """
    from querysafe.backup import verdicts
    from querysafe.backup.catalog import claimed
    from querysafe.backup.keys import Identities
    from querysafe.backup.outcomes import noted
    from querysafe.backup.trial import try_restore
    from querysafe.backup.verify import verify as look

    store = options.opened(repository)
    manifest = claimed(store, backup_id)
    identities = Identities.read(identity) if identity else None
    with bars() as steps, noted(store, "verify", manifest.kind) as noting:
        found = look(
            store,
            manifest,
            identities=identities,
            bin_directory=bin_directory,
            wal=wal,
            steps=steps,
        )
        problems, is_damaged = found.problems, found.is_damaged
        if scratch is not None and not problems:
            trial = try_restore(
                store,
                manifest,
                scratch,
                identities=identities,
                bin_directory=bin_directory,
                steps=steps,
            )
            problems, is_damaged = trial.problems, trial.is_damaged
        if problems:
            noting.failed("; ".join(problems))
    if is_damaged or not problems:
        verdicts.note(
            store,
            manifest.id,
            now=datetime.now(UTC),
            problems=problems,
            restored=scratch is not None,
        )
    depth = "restored and compared" if scratch else "read through"
    if found.raw_bytes is None:
        depth = "stored bytes only: there is no key"
    if found.segments is not None:
        depth += f", with {found.segments} segments of WAL"
    options.say(
        form,
        {
            "id": manifest.id,
            "sound": not problems,
            "problems": problems,
            "stored_bytes": found.stored_bytes,
            "raw_bytes": found.raw_bytes,
            "segments": found.segments,
            "restored": scratch is not None and not found.problems,
        },
        problems or [f"{manifest.id} is sound ({depth}, {options.size(found.stored_bytes)})"],
    )
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        click.echo(f"error: {manifest.id} is not sound: {problems[0]}{more}", err=True)
        sys.exit(ExitCode.FINDINGS)
