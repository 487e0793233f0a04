"""Statements that want a rewrite and no index."""

import pytest

from querysafe.advice.candidates.traps import wants_rewrite_only
from querysafe.advice.choosing.costs import Subject
from querysafe.advice.planner import Plan
from querysafe.advice.workload import Sample, Statement


def sorted_by(key: str, **condition: str) -> Subject:
    """A statement that sorts the rows of a table and takes the first."""
    scan = {
        "Node Type": "Seq Scan",
        "Relation Name": "articles",
        "Schema": "public",
        "Alias": "articles",
        "Output": ["id", "title"],
    }
    sort = {"Node Type": "Sort", "Sort Key": [key], "Plans": [{**scan, **condition}]}
    root = {"Node Type": "Limit", "Plans": [sort]}
    return Subject(
        statement=Statement(fingerprint="f", sql="SELECT …", samples=(), calls=1.0),
        samples=(Sample("SELECT …", ()),),
        plans=(Plan(cost=100.0, indexes=frozenset(), root=root),),
        tables=frozenset(),
        weight=1.0,
    )


def test_rows_drawn_by_chance_from_a_whole_table_want_no_index() -> None:
    assert wants_rewrite_only(sorted_by("(random())"))


@pytest.mark.parametrize(
    "subject",
    [sorted_by("title"), sorted_by("(random())", Filter="(articles.tenant_id = 7)")],
    ids=["an order", "of one tenant"],
)
def test_an_order_or_a_condition_may_want_one(subject: Subject) -> None:
    assert not wants_rewrite_only(subject)
