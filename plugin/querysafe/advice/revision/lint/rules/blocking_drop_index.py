"""QS510: an index is dropped under a lock of the whole table."""

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
from querysafe.advice.revision.lint.change import Revision, Surroundings
from querysafe.finding import Rule, Severity

RULE = Rule(
    id="QS510",
    name="blocking-drop-index",
    severity=Severity.WARNING,
    summary="an index is dropped under a lock of its table",
    condition="A revision drops an index and not `CONCURRENTLY`. An index of a partitioned table, "
    "which cannot be dropped otherwise, is no finding.",
    effect="DROP INDEX waits for every query of the table, and all others wait behind it.",
    cure="Drop it concurrently, outside the transaction.",
)


def find(revision: Revision, around: Surroundings) -> Iterator[Breach]:
    """Report drops that are not concurrent."""
    partitioned = around.partitioned | revision.partitioned
    of_parents = {each.name for each in (*around.before, *revision.changes) if each.only}
    for change in revision.changes:
        if change.kind != "drop_index" or change.concurrently:
            continue
        if change.name in of_parents or change.table in partitioned:
            continue
        if not around.is_watched(revision, change.table):
            continue
        if change.is_sql:
            cure = autocommit(executed(concurrent(change.source)))
        else:
            cure = autocommit(dedented(with_keyword(change, "postgresql_concurrently=True")))
        yield Breach(
            change=change,
            message=f"index {called(change)}{on(change)} is dropped under a lock of the table",
            cure=cure,
            advice="drop it concurrently, outside the transaction",
        )
