"""This query wants the manual, and says so."""

from shop import Product
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer


def leaflets(session: Session) -> list[str]:
    products = session.scalars(select(Product).options(undefer(Product.manual)))
    return [f"{product.name}: {product.manual}" for product in products]


def test_leaflets(session: Session) -> None:
    assert leaflets(session)[0] == "lamp: How to use a lamp."
