"""QS505: a foreign key is checked against all rows while both tables are locked."""

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
from querysafe.finding import Rule, Severity

RULE = Rule(
    id="QS505",
    name="blocking-foreign-key",
    severity=Severity.ERROR,
    summary="a foreign key is checked while both tables are locked",
    condition="A revision adds a foreign key to a table that exists before it and not `NOT VALID`, "
    "or validates it in the transaction that added it.",
    effect="Every row is looked up in the other table, and neither takes a write meanwhile.",
    cure="Add it `NOT VALID`, which checks new rows only, and validate it in a later revision, "
    "which locks nobody out.",
)


def find(revision: Revision, around: Surroundings) -> Iterator[Breach]:
    """Report foreign keys that are validated under the lock of their creation."""
    for change in revision.changes:
        if change.kind != "foreign_key" or not around.is_watched(revision, change.table):
            continue
        if not change.not_valid:
            yield Breach(
                change=change,
                message=f"foreign key {called(change)}{on(change)} is checked while "
                "nobody can write",
                cure=_cure(change),
                advice="add it NOT VALID and validate it later",
            )
        elif validated := validated_at_once(revision, change):
            yield Breach(
                change=validated,
                message=f"constraint {called(change)} is validated in the transaction that added it: the lock "
                "is still held",
                cure=f"# in a revision of its own\n{executed(_validate(change))}",
                advice="validate it in a later revision",
            )


def validated_at_once(revision: Revision, added: Change) -> Change | None:
    """The validation of a constraint in the transaction that added it."""
    return next(
        (
            each
            for each in revision.changes
            if each.kind == "validate"
            and each.name == added.name
            and each.transaction == added.transaction
            and not each.outside_transaction
        ),
        None,
    )


def _validate(change: Change) -> str:
    return f"ALTER TABLE {table(change)} VALIDATE CONSTRAINT {name(change, 'constraint_name')}"


def _cure(change: Change) -> str:
    later = f"# in a later revision\n{executed(_validate(change))}"
    if change.is_sql and "FOREIGN KEY" in change.source.upper():
        return f"{executed(change.source + ' NOT VALID')}\n{later}"
    if not change.is_sql and "create_foreign_key" in change.source:
        return f"{dedented(with_keyword(change, 'postgresql_not_valid=True'))}\n{later}"
    column = change.columns[0] if change.columns else "column"
    label = f"fk_{table(change).rpartition('.')[2]}_{column}"
    referred = change.references or "other"
    return (
        f'# without ForeignKey in the column\nop.create_foreign_key("{label}", "{table(change)}", '
        f'"{referred}", ["{column}"], ["id"], postgresql_not_valid=True)\n# in a later revision\n'
        + executed(f"ALTER TABLE {table(change)} VALIDATE CONSTRAINT {label}")
    )
