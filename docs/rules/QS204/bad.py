"""Every order is fetched and built, and only their number is used."""

from shop import Customer, Order
from sqlalchemy import select
from sqlalchemy.orm import Session


def how_many(session: Session, name: str) -> int:
    wanted = select(Order).join(Customer).where(Customer.name == name)
    orders = session.scalars(wanted).all()  # QS204
    return len(orders)


def test_how_many(session: Session) -> None:
    assert how_many(session, "Ada") == 2
