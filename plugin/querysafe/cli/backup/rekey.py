"""``querysafe backup rekey``: change the keys that open what is stored."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from querysafe.cli.backup import options
from querysafe.cli.backup.progress import bars
from querysafe.exit_codes import ExitCode

if TYPE_CHECKING:
    from querysafe.backup.rekey import Change, Rekeyed

_SHOWN = 10
_EPILOG = """\b
Exit status:
  0   everything encrypted opens with the new key
  1   something does not; it is named, and is as it was
  2   an option is wrong
  3   the repository failed, or --drop-old has not the new private key; what was done is whole
  75  keys are being changed already

\b
Examples:
  querysafe backup rekey --repository s3://backups/shop --identity old.txt --recipient age1…
  querysafe backup rekey --repository s3://backups/shop --identity new.txt --recipient age1… \\
      --drop-old
"""


@click.command(epilog=_EPILOG)
@options.repository
@options.identity
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    required=True,
    envvar="QUERYSAFE_BACKUP_RECIPIENT",
    show_envvar=True,
    metavar="KEY",
    help="Who can open everything from now on: a public key of age; may be given several times.",
)
@click.option(
    "--id",
    "backup_id",
    metavar="ID",
    help="Change this backup only; otherwise all, and the WAL archive.",
)
@click.option(
    "--drop-old",
    is_flag=True,
    help="Delete what opens for other recipients, once the new key of --identity has opened "
    "the new one.",
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and what the key opens.")
@options.form
def rekey(
    repository: str,
    identity: Path | None,
    recipients: tuple[str, ...],
    backup_id: str | None,
    drop_old: bool,
    dry_run: bool,
    form: str,
) -> None:
    """Make what is stored open with new keys.

    The data key of every encrypted backup is wrapped for the new recipients; its parts are not
    touched. Files of the WAL archive are encrypted anew. The old keys go on opening what they
    did until --drop-old. Whatever has the new key already is passed over, so that a run that
    was interrupted is just begun again. Change --recipient of `create` and `wal-push` first.
    """
    from querysafe.backup import rekey as keys
    from querysafe.backup.keys import Identities, Recipients

    if identity is None:
        raise click.UsageError("name the file with the private key that opens it now: --identity")
    wishes = keys.Wishes(
        recipients=Recipients.parse(recipients),
        identities=Identities.read(identity),
        id=backup_id,
        drop_old=drop_old,
        dry_run=dry_run,
    )
    with bars() as steps:
        done = keys.rekey(options.opened(repository), wishes, steps)
    tell = options.say if dry_run else options.announce
    tell(form, _content(done), _lines(done))
    if done.problems:
        more = f" (and {len(done.problems) - 1} more)" if len(done.problems) > 1 else ""
        click.echo(f"error: {done.problems[0]}{more}", err=True)
        sys.exit(ExitCode.FINDINGS)


def _content(done: "Rekeyed") -> dict[str, Any]:
    def told(each: "Change") -> dict[str, Any]:
        return {
            "rekeyed": each.is_new,
            "dropped": list(each.dropped),
            "problem": each.problem,
        }

    return {
        "dry_run": done.dry_run,
        "backups": [{"id": each.subject, **told(each)} for each in done.backups],
        "wal": [{"name": each.subject, **told(each)} for each in done.wal],
    }


def _lines(done: "Rekeyed") -> list[str]:
    would = "would be " if done.dry_run else ""
    lines = []
    for each in done.backups:
        said = each.problem or (f"{would}wrapped anew" if each.is_new else "has the new key")
        dropped = f", {would}rid of {len(each.dropped)} old" if each.dropped else ""
        lines.append(f"{each.subject}: {said}{dropped}")
    if done.wal:
        new = sum(each.is_new for each in done.wal)
        wrong = [f"{each.subject}: {each.problem}" for each in done.wal if each.problem]
        had = len(done.wal) - new - len(wrong)
        gone = sum(len(each.dropped) for each in done.wal)
        lines.append(
            f"WAL: {new} files {would}encrypted anew, {had} have the new key, "
            f"{gone} old copies {would}dropped, {len(wrong)} left as they are"
        )
        lines += wrong[:_SHOWN]
    return lines or ["nothing is encrypted"]
