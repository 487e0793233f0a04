"""One query brings all three figures."""

import pytest
from shop import Customer, Order, Product
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def figures(session: Session) -> tuple[int, int, int]:
    counts = (
        select(func.count()).select_from(table).scalar_subquery()
        for table in (Customer, Product, Order)
    )
    customers, products, orders = session.execute(select(*counts)).one()
    return customers, products, orders


@pytest.mark.querysafe(max_queries=2)
def test_figures(session: Session) -> None:
    assert figures(session) == (3, 3, 6)
