"""Each customer asks by a list of keys: one customer looks like a chunk, more show a loop."""

# pytest --querysafe-grow

from shop import Customer, Line
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload


def quantities(session: Session, country: str) -> list[int]:
    totals = []
    customers = session.scalars(
        select(Customer).where(Customer.country == country).options(selectinload(Customer.orders))
    ).all()
    for customer in customers:
        numbers = [order.id for order in customer.orders]
        lines = session.scalars(select(Line.quantity).where(Line.order_id.in_(numbers)))  # QS402
        totals.append(sum(lines))
    return totals


def test_quantities(session: Session) -> None:
    assert len(quantities(session, "GB")) == 1
