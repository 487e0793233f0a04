"""Names of indexes."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy import Index as SqlIndex

from querysafe.advice.index import Index, Key
from querysafe.advice.index import Table as Where
from querysafe.advice.revision.naming import conventional, shortened, unlike


def over(*columns: str) -> Index:
    return Index(Where("public", "orders"), tuple(Key(column=each) for each in columns))


@pytest.mark.parametrize(
    "template",
    [
        "ix_%(column_0_label)s",
        "idx_%(table_name)s_%(column_0_name)s",
        "%(table_name)s__%(column_0_N_name)s__ix",
        "ix_%(column_0N_name)s",
        "ix_%(column_0_N_label)s",
        "ix_%(table_name)s_%(column_0_key)s_%(column_1_name)s",
    ],
)
def test_a_convention_names_as_sqlalchemy_does(template: str) -> None:
    table = Table(
        "orders",
        MetaData(naming_convention={"ix": template}),
        Column("customer_id", Integer),
        Column("status", Integer),
    )
    index = SqlIndex(None, table.c.customer_id, table.c.status)
    assert conventional(over("customer_id", "status"), template) == str(index.name)


def test_a_convention_that_we_cannot_follow_names_nothing() -> None:
    assert conventional(over("a"), "ix_%(my_token)s") is None
    assert conventional(over("a"), "ix_%(column_1_name)s") is None
    expression = Index(Where("public", "orders"), (Key(expression="lower(x)"),))
    assert conventional(expression, "ix_%(column_0_label)s") is None


NAMES = st.text("aé_", min_size=1, max_size=90)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(NAMES, st.sets(NAMES, max_size=5))
def test_a_name_has_63_bytes_at_most_and_is_none_of_those_taken(name: str, taken: set[str]) -> None:
    found = unlike(name, taken | {shortened(name)})
    assert len(found.encode()) <= 63
    assert found not in taken and found != shortened(name)


def test_long_names_that_differ_at_the_end_stay_different() -> None:
    one, other = ("ix_" + "é" * 40 + end for end in "ab")
    assert shortened(one) != shortened(other)
    assert len(shortened(one).encode()) <= 63
    assert shortened("ix_short") == "ix_short"


def test_a_free_name_is_kept_and_a_taken_one_is_numbered() -> None:
    assert unlike("ix_a", {"ix_b"}) == "ix_a"
    assert unlike("ix_a", {"ix_a", "ix_a_2"}) == "ix_a_3"
