"""QS509: the whole table is written anew under the strongest lock."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from querysafe.advice.revision.lint.breach import Breach, called, executed, on, table
from querysafe.advice.revision.lint.change import Change, Revision, Surroundings
from querysafe.finding import Rule, Severity

RULE = Rule(
    id="QS509",
    name="table-rewrite",
    severity=Severity.ERROR,
    summary="every row is written anew while nobody can read or write",
    condition="A revision changes the type of a column so that its rows have to be written anew "
    "(a longer `varchar`, `text` from `varchar` and a wider `numeric` of the same scale are not), "
    "adds a column with a volatile default, an identity or a stored generated value, or says "
    "CLUSTER, VACUUM FULL, SET TABLESPACE or SET LOGGED.",
    effect="ACCESS EXCLUSIVE as long as it takes to copy the table and build all of its indexes; "
    "twice the space.",
    cure="Add a new column without a default, fill it in batches, let the application use it, and "
    "drop the old one later.",
)
_TEXT = ("text", "varchar", "character varying", "citext")
_SIZED = re.compile(r"(varchar|numeric|character varying|decimal)\((\d+)(?:,\s*(\d+))?\)")


def find(revision: Revision, around: Surroundings) -> Iterator[Breach]:
    """Report what copies the table."""
    for place, given in enumerate(revision.changes):
        change = given
        if not around.is_watched(revision, change.table):
            continue
        if change.kind == "alter_type" and not change.old_type:
            earlier = (*around.before, *revision.changes[:place])
            change = replace(change, old_type=_known(change, earlier))
        if change.kind == "rewrite":
            yield Breach(
                change=change,
                message=f"the table{on(change).removeprefix(' of')} is written anew while nobody can "
                "read or write",
                advice="use pg_repack or a maintenance window",
            )
        elif change.kind == "alter_type" and not _is_free(change):
            yield Breach(
                change=change,
                message=f'the new type of "{change.name}"{on(change)} writes every row anew while '
                f"nobody can read or write{_unless(change)}",
                cure=_new_column(change),
                advice="add a new column, fill it in batches, and drop the old one later",
            )
        elif change.kind == "add_column" and change.default in (
            "volatile",
            "generated",
            "identity",
        ):
            yield Breach(
                change=change,
                message=f"new column {called(change)}{on(change)} has a value of its own for every "
                "row: the table is written anew while nobody can read or write",
                cure=_default_later(change) if change.default == "volatile" else "",
                advice="add it without a default, set the default then, and fill old rows in batches",
            )


def _known(change: Change, earlier: Sequence[Change]) -> str:
    """The type that a column has had since a revision last gave it one; empty if none is known."""
    bare = change.table.rpartition(".")[2]
    for each in reversed(earlier):
        here = each.table.rpartition(".")[2] == bare and each.name == change.name
        if here and each.kind in ("column", "add_column", "alter_type") and each.type:
            return each.type
    return ""


def _unless(change: Change) -> str:
    """What would make it harmless, where the old type is not known."""
    if change.old_type or not _SIZED.fullmatch(change.type):
        return ""
    return ", unless it only gets longer: then say so by existing_type"


def _is_free(change: Change) -> bool:
    """Whether PostgreSQL changes the catalog only: manual, ALTER TABLE, notes."""
    new, old = change.type, change.old_type
    if not new:
        return False
    if new in _TEXT:
        return not old or old.startswith(_TEXT)
    if new == old:
        return True
    wide, narrow = _SIZED.fullmatch(new), _SIZED.fullmatch(old)
    if wide is None or narrow is None or wide[1] != narrow[1]:
        return False
    return int(wide[2]) >= int(narrow[2]) and wide[3] == narrow[3]


def _new_column(change: Change) -> str:
    where, column = table(change), change.name or "column"
    kind = change.type or "bigint"
    return "\n".join(
        [
            executed(f"ALTER TABLE {where} ADD COLUMN {column}_new {kind}"),
            "# write both from the application, fill the old rows in batches outside the migration,",
            f"# read {column}_new, drop {column} in the end",
        ]
    )


def _default_later(change: Change) -> str:
    where, column = table(change), change.name or "column"
    return "\n".join(
        [
            f'op.add_column("{where}", sa.Column("{column}", ...))  # nullable, no default',
            f'op.alter_column("{where}", "{column}", server_default=...)',
            "# then fill the old rows in batches outside the migration",
        ]
    )
