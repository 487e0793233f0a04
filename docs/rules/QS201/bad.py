"""Two parts of one page ask for the same customer."""

from shop import Customer
from sqlalchemy import select
from sqlalchemy.orm import Session


def heading(session: Session, name: str) -> str:
    customer = session.scalars(select(Customer).where(Customer.name == name)).one()
    return f"Orders of {customer.name}"


def page(session: Session, name: str) -> str:
    title = heading(session, name)
    customer = session.scalars(select(Customer).where(Customer.name == name)).one()  # QS201
    return f"{title} ({customer.country})"


def test_page(session: Session) -> None:
    assert page(session, "Ada") == "Orders of Ada (GB)"
