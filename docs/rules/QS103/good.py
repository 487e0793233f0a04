"""One query answers for all keys."""

from collections.abc import Sequence

from shop import Product
from sqlalchemy import select
from sqlalchemy.orm import Session


def total(session: Session, basket: Sequence[int]) -> int:
    wanted = select(Product.id, Product.price).where(Product.id.in_(basket))
    prices = {row.id: row.price for row in session.execute(wanted)}
    return sum(prices[product_id] for product_id in basket)


def test_total(session: Session) -> None:
    assert total(session, [1, 2, 3]) == 320
