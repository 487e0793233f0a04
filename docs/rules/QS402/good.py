"""The orders come with the customers: two queries, for one customer or for a million."""

# pytest --querysafe-grow

from shop import Customer
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload


def orders_from(session: Session, country: str) -> list[int]:
    customers = session.scalars(
        select(Customer).where(Customer.country == country).options(selectinload(Customer.orders))
    )
    return [len(customer.orders) for customer in customers]


def test_orders_from(session: Session) -> None:
    assert 2 in orders_from(session, "GB")
