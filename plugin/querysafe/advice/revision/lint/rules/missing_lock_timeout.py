"""QS503: a strong lock is waited for without a limit."""

from collections.abc import Iterator

from querysafe.advice.revision.lint.breach import Breach, on
from querysafe.advice.revision.lint.change import Change, Revision, Surroundings
from querysafe.finding import Rule, Severity

RULE = Rule(
    id="QS503",
    name="missing-lock-timeout",
    severity=Severity.WARNING,
    summary="a lock is waited for without a limit",
    condition="A revision changes a table that exists before it, by a statement that keeps readers "
    "or writers out, and neither it nor `env.py` nor the configuration sets `lock_timeout`. One "
    "finding a revision. What is done concurrently needs none.",
    effect="While the statement waits for one long transaction, every other query of the table "
    "queues behind it: the application stands still.",
    cure="Set a short `lock_timeout` first, and run the migration again when it fails; once for "
    "all revisions in `env.py`.",
)
_STRONG = frozenset(
    [
        "drop_table",
        "rename_table",
        "add_column",
        "drop_column",
        "rename_column",
        "alter_type",
        "set_not_null",
        "alter",
        "foreign_key",
        "check",
        "unique",
        "primary_key",
        "exclusion",
        "drop_constraint",
        "rewrite",
        "attach",
    ]
)
_CODE = "op.execute(\"SET lock_timeout = '4s'\")"


def find(revision: Revision, around: Surroundings) -> Iterator[Breach]:
    """Report the first change that waits without a limit."""
    if around.lock_timeout:
        return
    for change in revision.changes:
        if (
            _is_strong(change)
            and not _is_limited(change)
            and around.is_watched(revision, change.table)
        ):
            yield Breach(
                change=change,
                message=f"a lock{on(change)} is waited for without a limit, and all others behind it",
                cure=_CODE,
                advice="set lock_timeout before it",
            )
            return


def _is_strong(change: Change) -> bool:
    if change.kind in ("create_index", "drop_index", "reindex"):
        return not change.concurrently
    return change.kind in _STRONG


def _is_limited(change: Change) -> bool:
    return change.lock_timeout.strip() not in ("", "0", "0s", "0ms", "default")
