"""The lines are loaded with the orders, and nobody looks at them."""

from shop import Order
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload


def dates(session: Session) -> list[str]:
    orders = session.scalars(select(Order).options(selectinload(Order.lines))).all()  # QS202
    return [order.placed_on.isoformat() for order in orders]


def test_dates(session: Session) -> None:
    assert dates(session)[0] == "2024-01-01"
