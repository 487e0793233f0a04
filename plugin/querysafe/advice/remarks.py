"""Faults of existing indexes, and statements that want a rewrite rather than an index."""

from collections.abc import Iterator, Mapping, Sequence

from querysafe.advice.advice import Remark
from querysafe.advice.candidates.traps import traps
from querysafe.advice.choosing.costs import Subject
from querysafe.advice.covering import covers
from querysafe.advice.index import Index, Table, quoted
from querysafe.advice.planner import Existing, Planner, Relation

_BLOAT = 3.0
_BLOATED_BYTES = 10_000_000
_UNUSED_BYTES = 1_000_000


def remarks(
    existing: Sequence[Existing],
    advised: Sequence[Index],
    subjects: Sequence[Subject],
    relations: Mapping[Table, Relation],
    planner: Planner,
) -> list[Remark]:
    """All remarks, faults of indexes first."""
    return [
        *_invalid(existing),
        *_duplicates(existing),
        *_redundant(existing, advised),
        *_unused(existing),
        *_bloated(existing, relations, planner),
        *(
            Remark(kind="rewrite", subject=subject.statement, words=words, cure=cure)
            for subject in subjects
            for words, cure in traps(subject, relations)
        ),
    ]


def _drop(each: Existing) -> str:
    return f"DROP INDEX CONCURRENTLY {quoted(each.index.table.schema)}.{quoted(each.name)}"


def _invalid(existing: Sequence[Existing]) -> Iterator[Remark]:
    for each in existing:
        if not each.valid:
            yield Remark(
                kind="invalid",
                subject=each,
                words=f'"{each.name}" is invalid: a failed CREATE INDEX CONCURRENTLY left it; '
                "no statement reads it, every write pays for it",
                cure=f"REINDEX INDEX CONCURRENTLY {quoted(each.index.table.schema)}.{quoted(each.name)}",
            )


def _duplicates(existing: Sequence[Existing]) -> Iterator[Remark]:
    first: dict[tuple[bool, str], Existing] = {}
    for each in sorted(
        existing, key=lambda each: (not each.constraint, not each.index.unique, each.name)
    ):
        if not each.valid:
            continue
        definition = each.index.definition()
        kept = first.setdefault((False, definition), each)
        if kept is not each and not each.constraint:
            yield Remark(
                kind="duplicate",
                subject=each,
                words=f'"{each.name}" is the same as "{kept.name}"',
                cure=_drop(each),
            )


def _redundant(existing: Sequence[Existing], advised: Sequence[Index]) -> Iterator[Remark]:
    for each in existing:
        if each.constraint or each.index.unique or not each.valid:
            continue
        for other in existing:
            if other is not each and other.valid and _longer(other.index, each.index):
                yield Remark(
                    kind="redundant",
                    subject=each,
                    words=f'"{each.name}" is a prefix of "{other.name}", which serves whatever it serves',
                    cure=_drop(each),
                )
                break
        else:
            for index in advised:
                if _longer(index, each.index):
                    keys = ", ".join(map(str, index.keys))
                    yield Remark(
                        kind="redundant",
                        subject=each,
                        words=f'"{each.name}" becomes a prefix of the advised index on ({keys})',
                        cure=_drop(each),
                    )
                    break


def _longer(long: Index, short: Index) -> bool:
    return covers(long, short) and not covers(short, long)


def _unused(existing: Sequence[Existing]) -> Iterator[Remark]:
    if not any(each.scans for each in existing):
        return  # counters that nothing ever moved tell nothing
    for each in existing:
        plain = not each.constraint and not each.index.unique and each.valid
        if plain and each.scans == 0 and each.bytes >= _UNUSED_BYTES:
            yield Remark(
                kind="unused",
                subject=each,
                words=f'"{each.name}" was never used since statistics were reset; look at every '
                "replica before dropping it",
                cure=_drop(each),
            )


def _bloated(
    existing: Sequence[Existing], relations: Mapping[Table, Relation], planner: Planner
) -> Iterator[Remark]:
    """Only B-trees on columns of fixed width, whose size can be told from the rows."""
    if planner.basis.name != "database":
        return
    for each in existing:
        relation = relations.get(each.index.table)
        if relation is None or each.bytes < _BLOATED_BYTES or each.index.method != "btree":
            continue
        widths = [
            _WIDTHS.get(relation.columns.get(name, "").split("(")[0])
            for name in (*(key.column for key in each.index.keys), *each.index.include)
        ]
        if each.index.where or not all(widths):
            continue
        entry = 8 + 4 + sum(8 * -(-(width or 0) // 8) for width in widths)
        expected = relation.rows * entry / 0.9
        if each.bytes > _BLOAT * max(expected, 1.0):
            yield Remark(
                kind="bloated",
                subject=each,
                words=f'"{each.name}" takes {each.bytes / max(expected, 1.0):.0f} times the space that '
                "its rows need",
                cure=f"REINDEX INDEX CONCURRENTLY {quoted(each.index.table.schema)}.{quoted(each.name)}",
            )


_WIDTHS = {
    "boolean": 1,
    "smallint": 2,
    "integer": 4,
    "bigint": 8,
    "real": 4,
    "double precision": 8,
    "date": 4,
    "timestamp without time zone": 8,
    "timestamp with time zone": 8,
    "uuid": 16,
}
