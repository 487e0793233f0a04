"""One customer lives in Britain, so the orders are asked for once: the test hides the N+1."""

# pytest --querysafe-grow

from shop import Customer
from sqlalchemy import select
from sqlalchemy.orm import Session


def orders_from(session: Session, country: str) -> list[int]:
    customers = session.scalars(select(Customer).where(Customer.country == country))
    return [len(customer.orders) for customer in customers]  # QS402


def test_orders_from(session: Session) -> None:
    assert 2 in orders_from(session, "GB")
