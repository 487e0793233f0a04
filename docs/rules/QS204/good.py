"""The database counts."""

from shop import Customer, Order
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def how_many(session: Session, name: str) -> int:
    orders = select(Order).join(Customer).where(Customer.name == name)
    return session.scalar(select(func.count()).select_from(orders.subquery()))


def test_how_many(session: Session) -> None:
    assert how_many(session, "Ada") == 2
