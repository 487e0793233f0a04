"""QS512: what running code still reads is taken away."""

from collections.abc import Iterator

from querysafe.advice.revision.lint.breach import Breach
from querysafe.advice.revision.lint.change import Change, Revision, Surroundings
from querysafe.finding import Rule, Severity

RULE = Rule(
    id="QS512",
    name="running-code-breaks",
    severity=Severity.WARNING,
    summary="a column or table goes while running code still names it",
    condition="A revision drops or renames a column or a table that exists before it. A table "
    "that is declared small counts, too: this is not about its size.",
    effect="Between the migration and the last restart of the application every query of the old "
    "models fails: an ORM names all columns of a table in each SELECT.",
    cure="In two deployments: first the code that does not name it any more, then the migration. "
    "Instead of renaming, add the new one, write both, read the new one, drop the old one.",
)
_WORDS = {
    "drop_column": "dropped",
    "rename_column": "renamed",
    "drop_table": "dropped",
    "rename_table": "renamed",
}


def find(revision: Revision, around: Surroundings) -> Iterator[Breach]:
    """Report names that go."""
    del around
    for change in revision.changes:
        word = _WORDS.get(change.kind)
        bare = change.table.rpartition(".")[2]
        if word is None or {change.table, bare} & revision.created:
            continue
        yield Breach(
            change=change,
            message=f"{_what(change)} is {word} while running code still names it",
            cure=_cure(change),
            advice="deploy the code that does without it first",
        )


def _what(change: Change) -> str:
    if change.kind.endswith("_column"):
        return f'column "{change.table}.{change.name}"'
    return f'table "{change.table}"'


def _cure(change: Change) -> str:
    if change.kind == "rename_column":
        return (
            f'op.add_column("{change.table}", sa.Column("new_name", ...))\n'
            "# write both columns, fill the old rows in batches, read the new one; drop in the end"
        )
    if change.kind == "drop_column":
        return (
            "# first deployment: the model without the column, its reads and writes\n"
            f'# second deployment: op.drop_column("{change.table}", "{change.name}")'
        )
    if change.kind == "rename_table":
        return (
            f'op.rename_table("{change.table}", "{change.name}")\n'
            "# until every process runs the new code, under the old name\n"
            f'op.execute("CREATE VIEW {change.table} AS TABLE {change.name}")'
        )
    return ""
