"""QS511: an index of a partitioned table cannot be built concurrently at once."""

from collections.abc import Iterator

from querysafe.advice.revision.lint.breach import Breach, autocommit, called, executed, name
from querysafe.advice.revision.lint.change import Change, Revision, Surroundings
from querysafe.finding import Rule, Severity

RULE = Rule(
    id="QS511",
    name="partitioned-index",
    severity=Severity.ERROR,
    summary="CONCURRENTLY on a partitioned table, which PostgreSQL refuses",
    condition="A revision builds or drops an index of a partitioned table `CONCURRENTLY`. That the "
    "table is partitioned is read in the revisions of the same folder.",
    effect='PostgreSQL refuses it: "cannot create index on partitioned table concurrently"; and '
    "without CONCURRENTLY every partition is locked until all are done.",
    cure="Create it `ON ONLY` the parent, build each partition's concurrently, and attach them.",
)


def find(revision: Revision, around: Surroundings) -> Iterator[Breach]:
    """Report concurrent builds on partitioned parents."""
    partitioned = around.partitioned | revision.partitioned
    for change in revision.changes:
        if change.kind not in ("create_index", "drop_index") or not change.concurrently:
            continue
        if change.table in partitioned:
            yield Breach(
                change=change,
                message=f'index {called(change)}: "{change.table}" is partitioned, and takes no '
                "CONCURRENTLY",
                cure=_cure(change) if change.kind == "create_index" else "",
                advice="build it partition by partition"
                if change.kind == "create_index"
                else "drop it without CONCURRENTLY, under a short lock_timeout",
            )


def _cure(change: Change) -> str:
    where, label = change.table, name(change, "ix_name")
    columns = ", ".join(change.columns) or "column"
    return autocommit(
        executed(f"CREATE INDEX {label} ON ONLY {where} ({columns})"),
        "# for each partition",
        executed(f"CREATE INDEX CONCURRENTLY {where}_1_{label} ON {where}_1 ({columns})"),
        executed(f"ALTER INDEX {label} ATTACH PARTITION {where}_1_{label}"),
    )
