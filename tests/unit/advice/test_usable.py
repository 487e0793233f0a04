"""Plans, read for what they read whole."""

from typing import Any

from querysafe.advice.usable import shape, whole_reads

ROWS = {"orders": 2e6, "app.events": 5e6, "small": 300.0}


def scan(table: str = "orders", schema: str = "public", **more: Any) -> dict[str, Any]:
    return {"Node Type": "Seq Scan", "Relation Name": table, "Schema": schema, **more}


def above(kind: str, *plans: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Node Type": kind, "Plans": list(plans), **more}


def reasons(plan: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each.table, each.why) for each in whole_reads(plan, ROWS)]


def test_a_filter_is_told_without_its_values() -> None:
    condition = "((orders.status = 'new'::text) AND (orders.total > 12.5) AND (orders.a1 = $1))"
    assert reasons(scan(Filter=condition)) == [
        ("orders", "the filter ((orders.status = …) AND (orders.total > …) AND (orders.a1 = $1))")
    ]


def test_joins_and_first_rows_count() -> None:
    joined = above("Hash Join", scan(), above("Hash", scan("small")), **{"Hash Cond": "(a = b)"})
    assert reasons(joined) == [("orders", "the join (a = b)")]
    assert reasons(above("Nested Loop", scan("small"), scan())) == [("orders", "a join")]
    sort = above("Sort", scan(), **{"Sort Key": ["orders.total"]})
    assert reasons(above("Limit", sort)) == [("orders", "the first rows by orders.total")]


def test_a_label_names_the_columns_whichever_way_a_join_is_planned() -> None:
    labels = {
        whole_reads(above("Hash Join", scan(Alias="o"), **{"Hash Cond": condition}), ROWS)[0].label
        for condition in ("(o.total = c.id)", "(c.id = o.total)")
    }
    assert labels == {"orders.total"}
    assert whole_reads(scan(Filter="(lower(x) = 'a')"), ROWS)[0].label == "orders"


def test_what_is_read_whole_by_intention_or_small_or_unknown_does_not() -> None:
    assert reasons(scan()) == []
    assert reasons(above("Aggregate", scan())) == []
    assert reasons(above("Sort", scan(), **{"Sort Key": ["orders.total"]})) == []
    assert reasons(scan("small", Filter="(a = 1)")) == []
    assert reasons(scan("unknown", Filter="(a = 1)")) == []
    index = {"Node Type": "Index Scan", "Relation Name": "orders", "Schema": "public"}
    assert reasons({**index, "Index Cond": "(id = 1)"}) == []


def test_a_table_is_known_with_its_schema_and_told_once() -> None:
    assert reasons(scan("events", "app", Filter="(a = 1)")) == [("events", "the filter (a = …)")]
    assert reasons(scan("events", "other", Filter="(a = 1)")) == []
    assert len(whole_reads(above("Append", scan(Filter="x"), scan(Filter="y")), ROWS)) == 1


def test_a_shape_tells_nodes_tables_and_indexes() -> None:
    index = {"Node Type": "Index Scan", "Relation Name": "orders", "Index Name": "ix"}
    assert shape(above("Limit", index)) == "Limit > Index Scan orders(ix)"
    joined = above("Hash Join", scan(), above("Hash", scan("small")), **{"Join Type": "Left"})
    assert shape(joined) == "Hash Join Left [Seq Scan orders, Hash > Seq Scan small]"
