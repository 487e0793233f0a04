"""QS507: a unique constraint or primary key builds its index under the strongest lock."""

from collections.abc import Iterator

from querysafe.advice.revision.lint.breach import Breach, autocommit, called, executed, on, table
from querysafe.advice.revision.lint.change import Change, Revision, Surroundings
from querysafe.finding import Rule, Severity

RULE = Rule(
    id="QS507",
    name="blocking-unique",
    severity=Severity.ERROR,
    summary="a unique constraint builds its index while nobody can read or write",
    condition="A revision adds a unique constraint or a primary key to a table that exists before "
    "it, and not `USING INDEX`.",
    effect="The index is built under ACCESS EXCLUSIVE: not even a SELECT gets through.",
    cure="Build a unique index concurrently first, and make the constraint of it: `USING INDEX`.",
)


def find(revision: Revision, around: Surroundings) -> Iterator[Breach]:
    """Report constraints that build their own index."""
    for change in revision.changes:
        if change.kind not in ("unique", "primary_key") or change.using_index:
            continue
        if around.is_watched(revision, change.table):
            word = "unique constraint" if change.kind == "unique" else "primary key"
            yield Breach(
                change=change,
                message=f"{word} {called(change)}{on(change)} builds its index while nobody can "
                "read or write",
                cure=_cure(change),
                advice="build the index concurrently, then add the constraint USING INDEX",
            )


def _cure(change: Change) -> str:
    where = table(change)
    bare = where.rpartition(".")[2]
    schema = where.rpartition(".")[0]
    columns = change.columns or ("column",)
    label = change.name or f"uq_{bare}_{'_'.join(columns)}"
    shown = ", ".join(f'"{column}"' for column in columns)
    at = f', schema="{schema}"' if schema else ""
    word = "UNIQUE" if change.kind == "unique" else "PRIMARY KEY"
    return (
        autocommit(
            f'op.create_index("{label}", "{bare}", [{shown}]{at}, unique=True, '
            "postgresql_concurrently=True)"
        )
        + "\n"
        + executed(f"ALTER TABLE {where} ADD CONSTRAINT {label} {word} USING INDEX {label}")
    )
