"""Lines and payments are joined to the same order: each line comes once for each payment."""

from shop import Order
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload


def summaries(session: Session) -> list[tuple[int, int]]:
    wanted = select(Order).options(joinedload(Order.lines), joinedload(Order.payments))
    orders = session.scalars(wanted).unique().all()  # QS203
    return [(len(order.lines), sum(pay.amount for pay in order.payments)) for order in orders]


def test_summaries(session: Session) -> None:
    assert summaries(session)[0] == (2, 230)
