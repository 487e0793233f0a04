"""``querysafe backup expire``: delete what the retention does not keep."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from querysafe.cli.backup import options

if TYPE_CHECKING:
    from querysafe.backup.wal.expiry import Expiry

_EPILOG = """\b
Exit status:
  0  what was to expire is gone, or would be (--dry-run)
  3  the repository failed, or a time lies in the future: nothing more was deleted

\b
Examples:
  querysafe backup expire --repository /var/backups --dry-run
  querysafe backup expire --repository s3://backups/shop --daily 14
"""


@click.command(epilog=_EPILOG)
@options.repository
@options.retained
@click.option("--dry-run", is_flag=True, help="Say what would go, and why the rest stays.")
@options.form
def expire(
    repository: str, daily: int, weekly: int, monthly: int, dry_run: bool, form: str
) -> None:
    """Delete the backups that the retention does not keep, for each database apart.

    Never deleted: the newest, the newest that a drill has verified, what another kept backup
    builds upon, locked ones, and anything that is not a whole backup. The WAL archive is kept
    from the start of the oldest base backup on that stays.
    """
    from contextlib import nullcontext

    from querysafe.backup.expire import expire as carry_out
    from querysafe.backup.outcomes import noted
    from querysafe.backup.retention import Policy

    store = options.opened(repository)
    policy = Policy(daily=daily, weekly=weekly, monthly=monthly)
    with nullcontext() if dry_run else noted(store, "expire"):
        done = carry_out(store, now=datetime.now(UTC), policy=policy, dry_run=dry_run)
    kept = [each for each in done.decisions if each.is_kept]
    gone = [each for each in done.decisions if not each.is_kept]
    verb = "would expire" if dry_run else "expired"
    tell = options.say if dry_run else options.announce
    tell(
        form,
        {
            "dry_run": dry_run,
            "kept": [{"id": each.candidate.id, "reasons": list(each.reasons)} for each in kept],
            "expired": [each.candidate.id for each in gone],
            "left_alone": [
                {"id": each.id, "status": each.status, "problem": each.problem}
                for each in done.left_alone
            ],
            "wal": [
                {
                    "system": each.system,
                    "kept_from": each.kept_from,
                    "base": each.base,
                    "kept": each.kept,
                    "expired": len(each.expired),
                    "first": each.expired[0].name if each.expired else None,
                    "last": each.expired[-1].name if each.expired else None,
                }
                for each in done.wal
            ],
            "swept": list(done.swept),
        },
        [
            *(f"kept {each.candidate.id}: {', '.join(each.reasons)}" for each in kept),
            *(f"{verb} {each.candidate.id}" for each in gone),
            *(f"left alone {each.id}: {each.problem}" for each in done.left_alone),
            *(line for each in done.wal for line in _log(each, verb)),
            *(f"swept {name}" for name in done.swept),
        ],
    )


def _log(each: "Expiry", verb: str) -> Iterator[str]:
    where = f"from {each.kept_from} on" if each.kept_from else "whole"
    yield f"kept the WAL of {each.system} {where}, {each.kept} files: {each.told}"
    if each.expired:
        names = f"{each.expired[0].name} to {each.expired[-1].name}"
        yield f"{verb} {len(each.expired)} files of WAL, {names}"
