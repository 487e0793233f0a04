"""QS508: NOT NULL reads all rows while the table is locked."""

from collections.abc import Iterator

from querysafe.advice.revision.lint.breach import Breach, executed, on, table
from querysafe.advice.revision.lint.change import Change, Revision, Surroundings
from querysafe.advice.revision.lint.checks import proven
from querysafe.finding import Rule, Severity

RULE = Rule(
    id="QS508",
    name="blocking-not-null",
    severity=Severity.ERROR,
    summary="NOT NULL reads every row while the table is locked",
    condition="A revision sets a column of a table that exists before it to NOT NULL, and no "
    "revision has validated a check `column IS NOT NULL` before; or it adds a column that is NOT "
    "NULL and has no default.",
    effect="Nobody can read or write the table until every row has been read; a new column "
    "without a default fails as soon as there is a row.",
    cure="Add the check `NOT VALID`, validate it, and set NOT NULL then: PostgreSQL trusts the "
    "validated check and reads nothing.",
)


def find(revision: Revision, around: Surroundings) -> Iterator[Breach]:
    """Report NOT NULL without a validated check."""
    for place, change in enumerate(revision.changes):
        if not around.is_watched(revision, change.table):
            continue
        if change.kind == "add_column" and _is_impossible(change):
            yield Breach(
                change=change,
                message=f'new column "{change.name}"{on(change)} is NOT NULL without a default: '
                "it fails as soon as there is a row",
                advice="add it with a constant server_default, or nullable, fill it in batches "
                "and set NOT NULL by a validated check",
            )
        if change.kind != "set_not_null":
            continue
        bare = change.table.rpartition(".")[2]
        if (bare, change.name) not in proven((*around.before, *revision.changes[:place])):
            yield Breach(
                change=change,
                message=f'NOT NULL of "{change.name}"{on(change)} reads every row while nobody can '
                "read or write",
                cure=_cure(change),
                advice="validate a check IS NOT NULL first",
            )


def _is_impossible(change: Change) -> bool:
    return not change.nullable and change.default == "none"


def _cure(change: Change) -> str:
    where, column = table(change), change.name or "column"
    label = f"ck_{where.rpartition('.')[2]}_{column}_not_null"
    return "\n".join(
        [
            executed(
                f"ALTER TABLE {where} ADD CONSTRAINT {label} CHECK ({column} IS NOT NULL) NOT VALID"
            ),
            "# in a later revision",
            executed(f"ALTER TABLE {where} VALIDATE CONSTRAINT {label}"),
            "# in the one after",
            executed(f"ALTER TABLE {where} ALTER COLUMN {column} SET NOT NULL"),
            executed(f"ALTER TABLE {where} DROP CONSTRAINT {label}"),
        ]
    )
