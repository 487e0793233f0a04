"""A price list is written row by row."""

from collections.abc import Mapping

from shop import Product
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session


def take_in(session: Session, prices: Mapping[str, int]) -> None:
    for name, price in prices.items():
        session.execute(insert(Product).values(name=name, price=price, manual=""))  # QS106
    session.commit()


def test_take_in(session: Session) -> None:
    take_in(session, {"rug": 70, "vase": 25, "clock": 40})
    assert session.scalar(select(func.count()).select_from(Product)) == 6
