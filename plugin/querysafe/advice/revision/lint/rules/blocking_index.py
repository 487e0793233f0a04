"""QS501: an index is built while nobody may write."""

from collections.abc import Iterator

from querysafe.advice.revision.lint.breach import (
    Breach,
    autocommit,
    called,
    concurrent,
    dedented,
    executed,
    on,
    with_keyword,
)
from querysafe.advice.revision.lint.change import Change, Revision, Surroundings
from querysafe.finding import Rule, Severity

RULE = Rule(
    id="QS501",
    name="blocking-index",
    severity=Severity.ERROR,
    summary="an index is built while nobody can write",
    condition="A revision creates or rebuilds an index of a table that exists before it, and not "
    "`CONCURRENTLY`. A table that the revision itself creates is no finding, nor one that is "
    "declared small, nor `ON ONLY` a partitioned parent.",
    effect="The table takes no INSERT, UPDATE or DELETE until the index is built: minutes on a big "
    "table.",
    cure="Build it concurrently, outside the transaction: `autocommit_block()` and "
    "`postgresql_concurrently=True`.",
)


def find(revision: Revision, around: Surroundings) -> Iterator[Breach]:
    """Report builds that are not concurrent."""
    for change in revision.changes:
        if change.kind not in ("create_index", "reindex") or change.concurrently or change.only:
            continue
        if not around.is_watched(revision, change.table):
            continue
        word = "built" if change.kind == "create_index" else "rebuilt"
        yield Breach(
            change=change,
            message=f"index {called(change)}{on(change)} is {word} while nobody can write",
            cure=_cure(change),
            advice="build it concurrently, outside the transaction",
        )


def _cure(change: Change) -> str:
    if change.is_sql:
        return autocommit(executed(concurrent(change.source)))
    if "add_column" in change.source:
        columns = ", ".join(f'"{column}"' for column in change.columns)
        label = "_".join(filter(None, (change.table, *change.columns)))
        call = (
            f'op.create_index("ix_{label}", "{change.table}", [{columns}], '
            "postgresql_concurrently=True)"
        )
        return "# without index=True in the column\n" + autocommit(call)
    return autocommit(dedented(with_keyword(change, "postgresql_concurrently=True")))
