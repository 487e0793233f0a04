"""QS504: IF NOT EXISTS keeps what a failed build left invalid."""

from collections.abc import Iterator

from querysafe.advice.revision.lint.breach import Breach, autocommit, called, dedented, executed
from querysafe.advice.revision.lint.change import Change, Revision, Surroundings
from querysafe.finding import Rule, Severity

RULE = Rule(
    id="QS504",
    name="hidden-invalid-index",
    severity=Severity.WARNING,
    summary="IF NOT EXISTS takes an invalid index for the wanted one",
    condition="A concurrent build says `IF NOT EXISTS`, and nothing before it looks at "
    "`pg_index.indisvalid` or drops an index of that name.",
    effect="A build that was cut off leaves an invalid index. The next run skips it and says that "
    "all is well: no query ever uses it, and every write pays for it.",
    cure="Drop what is there and build again, or look for an invalid one first.",
)


def find(revision: Revision, around: Surroundings) -> Iterator[Breach]:
    """Report guarded concurrent builds that do not look first."""
    del around
    for change in revision.changes:
        if (
            change.kind == "create_index"
            and change.concurrently
            and change.guarded
            and not change.knows_invalid
        ):
            yield Breach(
                change=change,
                message=f"index {called(change)}: IF NOT EXISTS keeps one that a failed build left "
                "invalid",
                cure=_cure(change),
                advice="drop an invalid index of that name first",
            )


def _cure(change: Change) -> str:
    label = change.name or "ix_name"
    if change.is_sql:
        drop = executed(f"DROP INDEX CONCURRENTLY IF EXISTS {label}")
        return autocommit(drop, executed(change.source))
    drop = f'op.drop_index("{label}", postgresql_concurrently=True, if_exists=True)'
    return autocommit(drop, dedented(change.source))
