"""The manual is a deferred column: reading it asks for it, product by product."""

from shop import Product
from sqlalchemy import select
from sqlalchemy.orm import Session


def leaflets(session: Session) -> list[str]:
    leaflets = []
    for product in session.scalars(select(Product)):
        leaflets.append(f"{product.name}: {product.manual}")  # QS102
    return leaflets


def test_leaflets(session: Session) -> None:
    assert leaflets(session)[0] == "lamp: How to use a lamp."
