"""QS506: a check constraint reads all rows while the table is locked."""

from collections.abc import Iterator

from querysafe.advice.revision.lint.breach import (
    Breach,
    called,
    dedented,
    executed,
    name,
    on,
    table,
    with_keyword,
)
from querysafe.advice.revision.lint.change import Change, Revision, Surroundings
from querysafe.advice.revision.lint.rules.blocking_foreign_key import validated_at_once
from querysafe.finding import Rule, Severity

RULE = Rule(
    id="QS506",
    name="blocking-check",
    severity=Severity.ERROR,
    summary="a check constraint reads every row while the table is locked",
    condition="A revision adds a check constraint to a table that exists before it and not "
    "`NOT VALID`, or validates it in the transaction that added it; or adds an exclusion "
    "constraint.",
    effect="Nobody can read or write the table until every row has been read.",
    cure="Add it `NOT VALID`, which checks new rows only, and validate it in a later revision.",
)


def find(revision: Revision, around: Surroundings) -> Iterator[Breach]:
    """Report checks that are validated under the lock of their creation."""
    for change in revision.changes:
        if not around.is_watched(revision, change.table):
            continue
        if change.kind == "exclusion":
            yield Breach(
                change=change,
                message=f"exclusion constraint {called(change)}{on(change)} is built while nobody "
                "can read or write",
                advice="there is no concurrent way: do it in a maintenance window, with a "
                "lock_timeout, or check it in the application",
            )
        elif change.kind == "check" and not change.not_valid:
            yield Breach(
                change=change,
                message=f"check {called(change)}{on(change)} reads every row while nobody can read "
                "or write",
                cure=_cure(change),
                advice="add it NOT VALID and validate it later",
            )
        elif change.kind == "check" and (validated := validated_at_once(revision, change)):
            yield Breach(
                change=validated,
                message=f"constraint {called(change)} is validated in the transaction that added it: the lock "
                "is still held",
                cure=f"# in a revision of its own\n{executed(_validate(change))}",
                advice="validate it in a later revision",
            )


def _validate(change: Change) -> str:
    return f"ALTER TABLE {table(change)} VALIDATE CONSTRAINT {name(change, 'constraint_name')}"


def _cure(change: Change) -> str:
    if change.is_sql:
        first = executed(change.source + " NOT VALID")
    else:
        first = dedented(with_keyword(change, "postgresql_not_valid=True"))
    return f"{first}\n# in a later revision\n{executed(_validate(change))}"
