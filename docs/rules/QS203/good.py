"""Each collection has a query of its own, whatever the number of orders."""

from shop import Order
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload


def summaries(session: Session) -> list[tuple[int, int]]:
    wanted = select(Order).options(selectinload(Order.lines), selectinload(Order.payments))
    orders = session.scalars(wanted).all()
    return [(len(order.lines), sum(pay.amount for pay in order.payments)) for order in orders]


def test_summaries(session: Session) -> None:
    assert summaries(session)[0] == (2, 230)
