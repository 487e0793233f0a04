"""A basket of keys is looked up key by key."""

from collections.abc import Sequence

from shop import Product
from sqlalchemy import select
from sqlalchemy.orm import Session


def total(session: Session, basket: Sequence[int]) -> int:
    price = 0
    for product_id in basket:
        price += session.scalar(select(Product.price).where(Product.id == product_id))  # QS103
    return price


def test_total(session: Session) -> None:
    assert total(session, [1, 2, 3]) == 320
