"""How many rows tables are assumed to have."""

from collections.abc import Sequence

import pytest

from querysafe.advice.index import Index, Key, Table
from querysafe.advice.planning.assuming import LIST_ROWS, assume
from querysafe.advice.planning.catalog import Catalog, IndexEntry, TableEntry
from querysafe.advice.planning.references import references
from querysafe.advice.planning.statistics import ColumnStatistics, Statistics, TableStatistics
from tests.unit.advice.planning.test_guessing import column, table

MOST = 1_000_000


def named(name: str) -> Table:
    return Table("public", name)


def entry(name: str, *columns: str, to: Sequence[str] = (), **more: object) -> TableEntry:
    """A table with an ``id``, columns, and foreign keys named ``<table>_id`` to others."""
    keys = tuple(((f"{each}_id",), named(each), ("id",)) for each in to)
    whole = [column(f"{each}_id", "bigint") for each in to]
    rest = [column(each, "bigint" if each.endswith("_id") else "text") for each in columns]
    return table(named(name), *whole, *rest, **({"foreign_keys": keys} | more))


def catalog(*entries: TableEntry) -> Catalog:
    return {each.table: each for each in entries}


SHOP = catalog(
    entry("category", "name", "position", "parent_id"),
    entry("customer", "email", "created_at"),
    entry("product", "sku", "price", to=["category"]),
    entry("purchase", "total", to=["customer"]),
    entry("line", "quantity", to=["purchase", "product"]),
    entry("event", "kind", "customer_id"),
    entry("job", "payload"),
)


def rows(found: Catalog, **more: object) -> dict[str, float]:
    declared = {named(name): float(count) for name, count in more.pop("declared", {}).items()}  # type: ignore[attr-defined]
    sizes = assume(found, declared, MOST, **more)  # type: ignore[arg-type]
    return {each.name: size.rows for each, size in sizes.items()}


def sample(**keys: tuple[str, Sequence[int], float]) -> Statistics:
    """Statistics of a few rows: by table a column, the values seen in it, and its correlation."""
    return Statistics(
        version=180000,
        tables={
            named(name): TableStatistics(
                pages=1,
                rows=float(len(values)),
                columns={
                    key: ColumnStatistics(
                        type="bigint",
                        null_fraction=0.0,
                        width=8,
                        distinct=-1,
                        bounds=tuple(map(str, sorted(values))),
                        correlation=order,
                    )
                },
            )
            for name, (key, values, order) in keys.items()
        },
    )


def test_a_table_that_only_names_things_is_short() -> None:
    sizes = assume(SHOP, {}, MOST)
    assert sizes[named("category")].rows == LIST_ROWS
    assert sizes[named("category")].why == "a list of names"


@pytest.mark.parametrize("name", ["customer", "product", "event", "line"])
def test_a_table_of_things_and_happenings_is_no_list(name: str) -> None:
    assert rows(SHOP)[name] > 10 * LIST_ROWS


def test_a_list_that_nothing_refers_to_is_no_list() -> None:
    alone = catalog(entry("category", "name"))
    settings = catalog(entry("settings", "name", "value"))
    assert rows(alone)["category"] == MOST
    assert rows(settings)["settings"] == LIST_ROWS


def test_a_table_with_a_small_key_is_a_list_whatever_it_holds() -> None:
    place = table(named("place"), column("email"), primary_key=("id",))
    few = catalog(_with_key(place, "character(2)"), entry("visitor", "email", to=["place"]))
    many = catalog(_with_key(place, "bigint"), entry("visitor", "email", to=["place"]))
    assert rows(few)["place"] == LIST_ROWS
    assert rows(many)["place"] > LIST_ROWS


def _with_key(found: TableEntry, kind: str) -> TableEntry:
    from dataclasses import replace

    return replace(found, columns=(column("id", kind), *found.columns[1:]))


def test_a_table_named_as_a_list_is_one_whatever_it_holds_unless_it_refers_to_others() -> None:
    user = entry("user", "email", to=["language"])
    found = catalog(entry("language", "autonym", "script"), user)
    scoped = catalog(entry("owner", "email"), entry("language", "autonym", to=["owner"]), user)
    assert rows(found)["language"] == LIST_ROWS
    assert rows(scoped)["language"] > LIST_ROWS


def test_a_table_that_only_joins_lists_is_short() -> None:
    role, permission = entry("role", "name"), entry("permission", "code")
    grants = catalog(role, permission, entry("grant", to=["role", "permission"]))
    given = catalog(role, permission, entry("grant", "amount", to=["role", "permission"]))
    assert rows(grants)["grant"] == LIST_ROWS
    assert rows(given)["grant"] == MOST


def test_what_refers_to_a_table_has_more_rows() -> None:
    found = rows(SHOP)
    assert found["customer"] < found["purchase"] < found["line"] <= MOST


def test_a_log_and_a_table_without_relations_are_of_the_largest() -> None:
    found = rows(SHOP)
    assert found["event"] == MOST
    assert found["job"] == MOST


def test_a_column_named_after_a_table_refers_to_it() -> None:
    found = {(each.child.name, each.column): each for each in references(SHOP)}
    assert found["event", "customer_id"].parent == named("customer")
    assert not found["event", "customer_id"].declared
    assert found["purchase", "customer_id"].declared
    assert ("category", "parent_id") not in found


def test_a_name_that_two_tables_could_have_or_of_another_type_refers_to_none() -> None:
    two = catalog(entry("tag"), entry("tags"), entry("use", "tag_id"))
    other = catalog(
        entry("tag"), table(named("use"), column("tag_id", "uuid"), primary_key=("id",))
    )
    assert not references(two)
    assert not references(other)


def test_declared_rows_are_the_scale_of_what_is_near() -> None:
    small, big = (
        rows(SHOP, declared={"customer": 50}),
        rows(SHOP, declared={"customer": 50_000_000}),
    )
    assert "customer" not in small
    assert small["purchase"] < rows(SHOP)["purchase"]
    assert big["line"] >= big["purchase"] >= 50_000_000
    assert small["job"] == big["job"] == MOST


def test_what_is_referred_to_by_few_rows_has_fewer() -> None:
    found = rows(SHOP, declared={"line": 3000})
    assert found["purchase"] == 1000
    assert found["customer"] < 1000


def test_one_row_for_a_row_is_as_many() -> None:
    single = Index(table=named("profile"), keys=(Key(column="user_id"),), unique=True)
    profile = entry("profile", "bio", to=["user"], indexes=(_index(single),))
    found = rows(catalog(entry("user", "email"), profile), declared={"user": 700})
    assert found["profile"] == 700


def _index(index: Index) -> IndexEntry:
    return IndexEntry(
        oid=2,
        name="one",
        index=index,
        valid=True,
        constraint=True,
        blocks=0,
        rows=-1,
        scans=None,
        own_columns=(),
    )


def test_keys_that_lie_far_apart_tell_of_more_rows() -> None:
    own = sample(customer=("id", range(40, 80_000, 1700), 1.0))
    found = assume(SHOP, {}, MOST, own)
    assert 70_000 < found[named("customer")].rows < 90_000
    assert found[named("customer")].margin == 1
    assert 1 < found[named("purchase")].margin < found[named("job")].margin
    assert found[named("purchase")].rows > found[named("customer")].rows


def test_keys_of_other_tables_tell_it_too() -> None:
    own = sample(purchase=("customer_id", range(40, 80_000, 1700), 0.1))
    assert 70_000 < rows(SHOP, own=own)["customer"] < 90_000


@pytest.mark.parametrize(
    ("keys", "order"),
    [
        (range(1, 61), 1.0),
        (range(1000, 1060), 1.0),
        ([*range(1, 40), *range(900_000, 900_010)], 1.0),
        (range(7_000_000_000_000_000, 7_000_900_000_000_000, 10_000_000_000_000), 1.0),
        ([5, 9000, 90_000], 1.0),
    ],
    ids=["dense", "offset", "two places", "by the clock", "too few"],
)
def test_keys_of_rows_that_a_test_made_tell_nothing(keys: Sequence[int], order: float) -> None:
    assert rows(SHOP, own=sample(customer=("id", keys, order))) == rows(SHOP)


def test_the_first_rows_of_a_table_refer_to_the_first_ones_of_another() -> None:
    first = sample(purchase=("customer_id", range(18, 1038, 17), 1.0))
    assert rows(SHOP, own=first) == rows(SHOP)


def test_no_table_has_less_rows_than_are_there() -> None:
    own = sample(category=("id", range(1, 4001), 1.0))
    assert rows(SHOP, own=own)["category"] == 4000


def test_tables_that_refer_to_each_other_in_a_circle_have_sizes() -> None:
    circle = catalog(entry("a", "x", to=["b"]), entry("b", "x", to=["a"]), entry("c", to=["c"]))
    assert all(0 < each <= MOST for each in rows(circle).values())
    assert len(rows(circle)) == 3


def test_partitions_are_left_to_the_table_that_they_are_parts_of() -> None:
    whole = entry("reading", "value", children=(named("reading_1"),))
    assert set(rows(catalog(whole, entry("reading_1", "value")))) == {"reading"}
