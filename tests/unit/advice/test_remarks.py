"""Each fault of an existing index is reported, and what is none is not."""

from dataclasses import replace

import pytest

from querysafe.advice.advice import Advised
from querysafe.advice.choosing.costs import Subject
from querysafe.advice.index import Index, Key, Table
from querysafe.advice.planner import Existing, Plan, Relation
from querysafe.advice.remarks import remarks
from querysafe.advice.workload import Sample, Statement

ORDERS = Table("public", "orders")
PARTS = Table("public", "events")
RELATIONS = {
    ORDERS: Relation(table=ORDERS, rows=1e6, bytes=10**8, columns={"a": "integer", "b": "text"}),
    PARTS: Relation(
        table=PARTS, rows=1e6, bytes=10**8, columns={"a": "integer"},
        partitions=(Table("public", "events_1"),),
    ),
}  # fmt: skip
OLD = {"counted_since": "2026-01-01", "counted_until": "2026-03-01"}


def _index(*columns: str | Key, table: Table = ORDERS, **more: object) -> Index:
    keys = tuple(each if isinstance(each, Key) else Key(each) for each in columns)
    return Index(table, keys, **more)  # type: ignore[arg-type]


def _existing(name: str, index: Index, **more: object) -> Existing:
    return Existing(name=name, index=index, **{"bytes": 5_000_000, "scans": 7, **more})  # type: ignore[arg-type]


def _found(*existing: Existing, advised: tuple[Advised, ...] = (), used: str = "") -> list[str]:
    statement = Statement(fingerprint="f", sql="SELECT", samples=(Sample("SELECT", ()),))
    plan = Plan(cost=1.0, root={}, indexes=frozenset([used]))
    subject = Subject(
        statement=statement,
        samples=statement.samples,
        plans=(plan,),
        tables=frozenset([ORDERS]),
        weight=1.0,
    )
    told = remarks(existing, advised, [subject], RELATIONS)
    return [f"{each.kind}: {each.words} → {each.cure}" for each in told]


def _advised(index: Index, *, distinct: bool = False) -> Advised:
    return Advised(
        name="ix_new", index=index, bytes=1, benefit=1.0, write_cost=0.0, reason="serves",
        evidence=(), distinct=distinct,
    )  # fmt: skip


def test_an_index_that_is_there_twice_is_a_duplicate_and_the_constraint_stays() -> None:
    key = _existing("orders_a_key", _index("a", unique=True), constraint=True)
    found = _found(_existing("b_ix", _index("a")), key, _existing("a_ix", _index("a")))
    assert found == [
        'duplicate: "a_ix" is the same as "orders_a_key" → DROP INDEX CONCURRENTLY "public"."a_ix"',
        'duplicate: "b_ix" is the same as "orders_a_key" → DROP INDEX CONCURRENTLY "public"."b_ix"',
    ]


def test_a_constraint_over_the_columns_of_the_primary_key_is_a_duplicate() -> None:
    primary = _existing("z_pkey", _index("a", unique=True), constraint=True, primary=True)
    unique = _existing("a_key", _index("a", unique=True), constraint=True)
    (line,) = _found(unique, primary)
    assert line.startswith('duplicate: "a_key" is the same as "z_pkey"')
    assert line.endswith('→ ALTER TABLE "public"."orders" DROP CONSTRAINT "a_key"')
    other = replace(unique, name="b_key")
    assert _found(unique, other) == [], "which of two constraints is meant nobody can tell"


@pytest.mark.parametrize(
    "other",
    [
        _index("b"),
        _index("a", where='"b" IS NULL'),
        _index("a", method="hash"),
        _index(Key("a", descending=True)),
        _index(Key("a", collation='"C"')),
        _index(Key("a", operator_class="text_pattern_ops")),
        _index("a", include=("b",), unique=True),
    ],
    ids=str,
)
def test_an_index_that_differs_in_anything_is_no_duplicate(other: Index) -> None:
    assert not any("duplicate" in each for each in _found(
        _existing("one", _index("a")), _existing("two", other)
    ))  # fmt: skip


def test_a_prefix_of_another_index_is_redundant_and_so_is_one_of_an_advised_index() -> None:
    short, long = _existing("short", _index("a")), _existing("long", _index("a", "b"))
    assert _found(short, long) == [
        'redundant: "short" is a prefix of "long", which serves whatever it serves → '
        'DROP INDEX CONCURRENTLY "public"."short"'
    ]
    (line,) = _found(short, advised=(_advised(_index("a", "b")),))
    assert 'becomes a prefix of the advised index on ("a", "b")' in line
    assert _found(replace(short, index=_index("a", unique=True)), long) == []
    assert _found(replace(short, constraint=True), long) == []
    assert _found(_existing("other", _index("b")), long) == []
    assert not any("redundant" in each for each in _found(short, replace(long, valid=False)))


def test_an_index_without_a_scan_is_unused_with_the_age_of_the_counters() -> None:
    used = _existing("used", _index("b"))
    idle = _existing("idle", _index("a"), scans=0, **OLD)
    assert _found(used, idle) == [
        'unused: "idle" was never used in 59 days, since counting began on 2026-01-01; look at '
        'every replica before dropping it → DROP INDEX CONCURRENTLY "public"."idle"'
    ]
    (young,) = _found(used, replace(idle, counted_since="2026-02-28"))
    assert "in 1 day, since counting began on 2026-02-28: too short to be sure" in young
    (ageless,) = _found(used, replace(idle, counted_since=""))
    assert "never used since this database began to count" in ageless


@pytest.mark.parametrize(
    "spared",
    [
        {"scans": 1},
        {"scans": None},
        {"constraint": True},
        {"index": _index("a", unique=True)},
        {"bytes": 8192},
    ],
    ids=str,
)
def test_an_index_that_does_something_is_not_unused(spared: dict[str, object]) -> None:
    used = _existing("used", _index("b"))
    idle = replace(_existing("idle", _index("a"), scans=0, **OLD), **spared)  # type: ignore[arg-type]
    assert _found(used, idle) == []


def test_an_index_that_stands_in_for_one_that_is_dropped_is_not_unused() -> None:
    used, same = _existing("used", _index("a")), _existing("idle", _index("a"), scans=0)
    longer = _existing("longer", _index("a", "b"), scans=0)
    assert not any("unused" in each for each in _found(used, same))
    assert not any("unused" in each for each in _found(used, longer))
    assert any(
        "unused" in each
        for each in _found(replace(used, valid=False), longer, _existing("b", _index("b")))
    )


def test_what_the_workload_uses_and_what_counters_that_never_moved_say_is_not_unused() -> None:
    idle = _existing("idle", _index("a"), scans=0, **OLD)
    assert _found(_existing("used", _index("b")), idle, used="idle") == []
    assert _found(_existing("other", _index("b"), scans=0), idle) == []


def test_an_invalid_index_is_rebuilt_or_dropped_by_what_left_it() -> None:
    (failed,) = _found(_existing("ix", _index("a"), valid=False))
    assert failed.endswith('→ REINDEX INDEX CONCURRENTLY "public"."ix"')
    (left,) = _found(_existing("ix_ccnew1", _index("a"), valid=False))
    assert "a failed REINDEX CONCURRENTLY left it" in left
    assert left.endswith('→ DROP INDEX CONCURRENTLY "public"."ix_ccnew1"')
    (parent,) = _found(_existing("parts", _index("a", table=PARTS), valid=False))
    assert "ATTACH PARTITION" in parent
    assert _found(_existing("ix", _index("a"))) == []


def test_the_index_of_a_partitioned_table_is_not_dropped_concurrently() -> None:
    one = _existing("one", _index("a", table=PARTS))
    (line,) = _found(one, replace(one, name="two"))
    assert line.endswith('→ DROP INDEX "public"."two"')


def test_an_index_of_many_times_its_size_is_bloated() -> None:
    index = _existing("fat", _index("a"), bytes=60_000_000, expected_bytes=10_000_000)
    assert _found(index) == [
        'bloated: "fat" takes 6 times the space that its rows need → '
        'REINDEX INDEX CONCURRENTLY "public"."fat"'
    ]
    assert _found(replace(index, expected_bytes=30_000_000)) == []
    assert _found(replace(index, expected_bytes=None)) == []


def test_a_distinct_column_that_is_named_as_unique_could_be_kept_so() -> None:
    email = _advised(_index("email"), distinct=True)
    (line,) = _found(advised=(email,))
    assert line.startswith('unique: "email" of "orders" repeats no value that ANALYZE saw')
    assert 'CREATE UNIQUE INDEX CONCURRENTLY "ix_new"' in line
    assert _found(advised=(replace(email, distinct=False),)) == []
    assert _found(advised=(_advised(_index("created_at"), distinct=True),)) == []
    there = _existing("email_key", _index("email", unique=True), constraint=True)
    assert _found(there, advised=(email,)) == []
