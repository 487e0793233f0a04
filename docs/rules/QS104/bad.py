"""The newest order of each customer, one customer after the other."""

from datetime import date

from shop import Customer, Order
from sqlalchemy import select
from sqlalchemy.orm import Session


def last_orders(session: Session) -> dict[str, date]:
    newest = {}
    for customer in session.scalars(select(Customer)):
        order = session.scalars(  # QS104
            select(Order)
            .where(Order.customer_id == customer.id)
            .order_by(Order.placed_on.desc())
            .limit(1)
        ).one()
        newest[customer.name] = order.placed_on
    return newest


def test_last_orders(session: Session) -> None:
    assert last_orders(session)["Ada"] == date(2024, 2, 1)
