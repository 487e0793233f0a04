"""What does not change is asked for once, before the loop."""

from shop import Product
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def shares(session: Session) -> dict[str, float]:
    dearest = session.scalar(select(func.max(Product.price)))
    return {product.name: product.price / dearest for product in session.scalars(select(Product))}


def test_shares(session: Session) -> None:
    assert shares(session)["desk"] == 1.0
