"""The rows are collected, and one statement writes them all."""

from collections.abc import Mapping

from shop import Product
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session


def take_in(session: Session, prices: Mapping[str, int]) -> None:
    rows = [{"name": name, "price": price, "manual": ""} for name, price in prices.items()]
    session.execute(insert(Product), rows)
    session.commit()


def test_take_in(session: Session) -> None:
    take_in(session, {"rug": 70, "vase": 25, "clock": 40})
    assert session.scalar(select(func.count()).select_from(Product)) == 6
