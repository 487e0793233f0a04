"""Statistics guessed from a schema."""

import pytest

from querysafe.advice.index import Index, Key, Table
from querysafe.advice.planning.catalog import Column, IndexEntry, TableEntry
from querysafe.advice.planning.guessing import guess, learned
from querysafe.advice.planning.statistics import ColumnStatistics, Statistics, TableStatistics

PARENT, CHILD = Table("public", "users"), Table("public", "posts")


def column(name: str, kind: str = "text", **more: object) -> Column:
    given = {"not_null": True, "sort": "b", "length": -1, "number": 1} | more
    plain = kind.partition("(")[0]
    return Column(name=name, type=kind, plain_type=plain, base_type=plain, **given)  # type: ignore[arg-type]


def table(name: Table, *columns: Column, **more: object) -> TableEntry:
    given: dict[str, object] = {
        "primary_key": ("id",),
        "foreign_keys": (),
        "checks": (),
        "children": (),
        "indexes": (),
    }
    return TableEntry(
        oid=1,
        table=name,
        kind="r",
        rows=-1,
        pages=0,
        visible_pages=0,
        blocks=0,
        writes=None,
        is_readable=True,
        is_copyable=True,
        is_filtered=False,
        columns=(column("id", "bigint", length=8), *columns),
        **(given | more),  # type: ignore[arg-type]
    )


def guessed(each: Column, **more: object) -> ColumnStatistics:
    entry = table(CHILD, each, **more)
    return guess({CHILD: entry}, {CHILD: 1_000_000.0}).tables[CHILD].columns[each.name]


def test_a_primary_key_is_unique_and_grows_with_the_rows() -> None:
    found = guessed(column("title")), guess({CHILD: table(CHILD)}, {CHILD: 5000.0})
    key = found[1].tables[CHILD].columns["id"]
    assert key.distinct == -1
    assert key.correlation == 1.0
    assert (key.bounds[0], key.bounds[-1]) == ("1", "5000")


def test_a_foreign_key_repeats_the_rows_of_its_parent() -> None:
    child = table(
        CHILD,
        column("user_id", "bigint", length=8),
        foreign_keys=((("user_id",), PARENT, ("id",)),),
    )
    found = guess({CHILD: child, PARENT: table(PARENT)}, {CHILD: 1e6, PARENT: 1000.0})
    assert found.tables[CHILD].columns["user_id"].distinct == 1000


@pytest.mark.parametrize(
    ("checks", "labels"),
    [
        (("(status = ANY (ARRAY['new'::text, 'old'::text, 'gone'::text]))",), ()),
        ((), ("new", "old", "gone")),
    ],
    ids=["check", "enumeration"],
)
def test_values_that_a_schema_allows_are_known(
    checks: tuple[str, ...], labels: tuple[str, ...]
) -> None:
    each = column("status", default="'old'::text", labels=labels)
    found = guessed(each, checks=checks)
    assert found.common_values == ("old", "new", "gone")
    assert found.common_frequencies[0] > found.common_frequencies[1]
    assert found.distinct == 3


@pytest.mark.parametrize(
    ("each", "least", "most"),
    [
        (column("order_status"), 5, 20),
        (column("country"), 20, 100),
        (column("email"), -1, -0.9),
        (column("api_token"), -1, -0.9),
        (column("body"), -0.9, -0.1),
        (column("rating", "smallint", length=2), 5, 100),
        (column("is_open", "boolean", length=1), 2, 2),
        (column("key", "uuid", length=16), -1, -0.9),
    ],
    ids=lambda each: each.name if isinstance(each, Column) else "",
)
def test_a_name_says_how_often_values_repeat(each: Column, least: float, most: float) -> None:
    assert least <= guessed(each).distinct <= most


def test_a_rare_event_is_mostly_null() -> None:
    kind = "timestamp with time zone"
    assert guessed(column("deleted_at", kind, not_null=False)).null_fraction == 0.9
    assert guessed(column("seen_at", kind, not_null=False)).null_fraction == 0.1
    assert guessed(column("deleted_at", kind)).null_fraction == 0


def test_a_unique_index_says_that_values_do_not_repeat() -> None:
    index = IndexEntry(
        oid=2,
        name="posts_state",
        index=Index(table=CHILD, keys=(Key(column="state"),), unique=True),
        valid=True,
        constraint=False,
        blocks=0,
        rows=-1,
        scans=None,
        own_columns=("state",),
    )
    assert guessed(column("state"), indexes=(index,)).distinct == -1


def test_pages_follow_the_width_of_the_rows() -> None:
    narrow = guess({CHILD: table(CHILD)}, {CHILD: 1e6}).tables[CHILD]
    wide = guess({CHILD: table(CHILD, column("body"))}, {CHILD: 1e6}).tables[CHILD]
    assert 3000 < narrow.pages < wide.pages
    assert guess({CHILD: table(CHILD)}, {CHILD: 0.0}).tables[CHILD].pages == 0


def own(rows: float, *values: str, **more: object) -> Statistics:
    shown = ColumnStatistics(
        type="text",
        null_fraction=0.0,
        width=5,
        common_values=values,
        common_frequencies=tuple(1 / len(values) for _ in values),
        **({"distinct": float(len(values))} | more),  # type: ignore[arg-type]
    )
    entry = TableStatistics(pages=1, rows=rows, columns={"plan": shown, "gone": shown})
    return Statistics(version=180000, tables={CHILD: entry, PARENT: entry})


@pytest.mark.parametrize(
    ("statistics", "count"),
    [
        (own(60, "free", "pro"), 1),
        (own(20, "free", "pro"), 0),
        (own(60, "free"), 0),
        (own(60, "free", "pro", distinct=-0.5), 0),
        (own(60, "free", "pro", bounds=("a", "z")), 0),
    ],
    ids=["vocabulary", "too few rows", "one value", "more values", "others, too"],
)
def test_rows_of_a_test_show_a_vocabulary_or_nothing(statistics: Statistics, count: int) -> None:
    catalog = {CHILD: table(CHILD, column("plan"))}
    found, taken = learned(guess(catalog, {CHILD: 1e6}), statistics, catalog)
    assert taken == count
    assert (found.tables[CHILD].columns["plan"].common_values == ("free", "pro")) is (count == 1)
    assert found.tables[CHILD].rows == 1e6
