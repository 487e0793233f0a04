"""Two queries may run, and there are three."""

import pytest
from shop import Customer, Order, Product
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def figures(session: Session) -> tuple[int, int, int]:
    customers = session.scalar(select(func.count()).select_from(Customer))  # QS301
    products = session.scalar(select(func.count()).select_from(Product))
    orders = session.scalar(select(func.count()).select_from(Order))
    return customers, products, orders


@pytest.mark.querysafe(max_queries=2)
def test_figures(session: Session) -> None:
    assert figures(session) == (3, 3, 6)
