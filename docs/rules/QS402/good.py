"""One query asks for the lines of all customers, and they are summed up in memory."""

# pytest --querysafe-grow

from collections import Counter

from shop import Customer, Line
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload


def quantities(session: Session, country: str) -> list[int]:
    customers = session.scalars(
        select(Customer).where(Customer.country == country).options(selectinload(Customer.orders))
    ).all()
    owners = {order.id: customer.id for customer in customers for order in customer.orders}
    lines = session.execute(
        select(Line.order_id, Line.quantity).where(Line.order_id.in_(owners))
    ).all()
    totals: Counter[int] = Counter()
    for order_id, quantity in lines:
        totals[owners[order_id]] += quantity
    return [totals[customer.id] for customer in customers]


def test_quantities(session: Session) -> None:
    assert len(quantities(session, "GB")) == 1
