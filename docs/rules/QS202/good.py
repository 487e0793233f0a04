"""Only what is read is loaded."""

from shop import Order
from sqlalchemy import select
from sqlalchemy.orm import Session


def dates(session: Session) -> list[str]:
    orders = session.scalars(select(Order)).all()
    return [order.placed_on.isoformat() for order in orders]


def test_dates(session: Session) -> None:
    assert dates(session)[0] == "2024-01-01"
