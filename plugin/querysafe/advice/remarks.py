"""Faults of existing indexes, and statements that want a rewrite rather than an index."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from querysafe.advice import uniqueness
from querysafe.advice.advice import Advised, Remark
from querysafe.advice.candidates.traps import traps
from querysafe.advice.choosing.costs import Subject
from querysafe.advice.covering import covers
from querysafe.advice.index import Index, Table, quoted
from querysafe.advice.planner import Existing, Relation

_BLOAT = 3.0
_UNUSED_BYTES = 128 * 1024
_LONG_DAYS = 30
"""Of counting, after which an index that was never used is hardly one of a monthly report."""
_REINDEXING = re.compile(r"_cc(?:new|old)\d*$")
"""How REINDEX CONCURRENTLY calls what it builds and what it replaces."""


def remarks(
    existing: Sequence[Existing],
    advised: Sequence[Advised],
    subjects: Sequence[Subject],
    relations: Mapping[Table, Relation],
) -> list[Remark]:
    """All remarks, faults of indexes first."""
    used = frozenset(
        name for subject in subjects for each in subject.plans for name in each.indexes
    )
    return [
        *_invalid(existing, relations),
        *_duplicates(existing, relations),
        *_redundant(existing, [each.index for each in advised], relations),
        *_unused(existing, relations, used),
        *_bloated(existing),
        *uniqueness.remarks(advised, existing),
        *(
            Remark(kind="rewrite", subject=subject.statement, words=words, cure=cure)
            for subject in subjects
            for words, cure in traps(subject, relations)
        ),
    ]


def _named(each: Existing) -> str:
    return f"{quoted(each.index.table.schema)}.{quoted(each.name)}"


def _drop(each: Existing, relations: Mapping[Table, Relation]) -> str:
    """A partitioned table's index cannot be dropped concurrently."""
    relation = relations.get(each.index.table)
    how = "" if relation is not None and relation.partitions else "CONCURRENTLY "
    return f"DROP INDEX {how}{_named(each)}"


def _invalid(existing: Sequence[Existing], relations: Mapping[Table, Relation]) -> Iterator[Remark]:
    for each in existing:
        if each.valid:
            continue
        relation = relations.get(each.index.table)
        if relation is not None and relation.partitions:
            words = "no index of the same keys is attached to it for at least one partition"
            cure = f"ALTER INDEX {_named(each)} ATTACH PARTITION the_index_of_that_partition"
        elif _REINDEXING.search(each.name):
            words = "a failed REINDEX CONCURRENTLY left it; every write pays for it"
            cure = _drop(each, relations)
        else:
            words = (
                "a failed CREATE INDEX CONCURRENTLY left it; no statement reads it, every write "
                "pays for it"
            )
            cure = f"REINDEX INDEX CONCURRENTLY {_named(each)}"
        yield Remark(
            kind="invalid", subject=each, words=f'"{each.name}" is invalid: {words}', cure=cure
        )


def _duplicates(
    existing: Sequence[Existing], relations: Mapping[Table, Relation]
) -> Iterator[Remark]:
    first: dict[str, Existing] = {}
    ranked = sorted(
        existing,
        key=lambda each: (not each.primary, not each.constraint, not each.index.unique, each.name),
    )
    for each in ranked:
        if not each.valid:
            continue
        kept = first.setdefault(each.index.definition(), each)
        if kept is each:
            continue
        if not each.constraint:
            cure = _drop(each, relations)
        elif kept.primary and each.index.unique:
            cure = f"ALTER TABLE {each.index.table} DROP CONSTRAINT {quoted(each.name)}"
        else:
            continue
        yield Remark(
            kind="duplicate",
            subject=each,
            words=f'"{each.name}" is the same as "{kept.name}"',
            cure=cure,
        )


def _redundant(
    existing: Sequence[Existing], advised: Sequence[Index], relations: Mapping[Table, Relation]
) -> Iterator[Remark]:
    for each in existing:
        if each.constraint or each.index.unique or not each.valid:
            continue
        longer = [
            other
            for other in existing
            if other is not each and other.valid and _longer(other.index, each.index)
        ]
        by_advice = [index for index in advised if _longer(index, each.index)]
        if longer:
            words = f'is a prefix of "{longer[0].name}", which serves whatever it serves'
        elif by_advice:
            keys = ", ".join(map(str, by_advice[0].keys))
            words = f"becomes a prefix of the advised index on ({keys})"
        else:
            continue
        yield Remark(
            kind="redundant",
            subject=each,
            words=f'"{each.name}" {words}',
            cure=_drop(each, relations),
        )


def _longer(long: Index, short: Index) -> bool:
    same = long.definition() == short.definition()  # a duplicate, of which more is said
    return covers(long, short) and not covers(short, long) and not same


def _unused(
    existing: Sequence[Existing], relations: Mapping[Table, Relation], used: Collection[str]
) -> Iterator[Remark]:
    """Those that no counter ever counted and no statement of the workload would use."""
    if not any(each.scans for each in existing):
        return  # counters that nothing ever moved tell nothing
    for each in existing:
        plain = not each.constraint and not each.index.unique and each.valid
        if any(
            other is not each and other.scans and other.valid and covers(each.index, other.index)
            for other in existing
        ):
            continue  # it is what stays when the other one goes
        if plain and each.scans == 0 and each.bytes >= _UNUSED_BYTES and each.name not in used:
            yield Remark(
                kind="unused",
                subject=each,
                words=f'"{each.name}" was never used {_since(each)}; look at every replica before '
                "dropping it",
                cure=_drop(each, relations),
            )


def _since(each: Existing) -> str:
    """How long the counters have counted."""
    try:
        days = (
            date.fromisoformat(each.counted_until) - date.fromisoformat(each.counted_since)
        ).days
    except ValueError:
        return "since this database began to count"
    counted = f"in {days} day{'s' * (days != 1)}, since counting began on {each.counted_since}"
    return counted if days >= _LONG_DAYS else f"{counted}: too short to be sure"


def _bloated(existing: Sequence[Existing]) -> Iterator[Remark]:
    for each in existing:
        expected = each.expected_bytes
        if each.valid and expected and each.bytes > _BLOAT * expected:
            yield Remark(
                kind="bloated",
                subject=each,
                words=f'"{each.name}" takes {each.bytes / expected:.0f} times the space that '
                "its rows need",
                cure=f"REINDEX INDEX CONCURRENTLY {_named(each)}",
            )
