"""The database numbers the orders of every customer; the first of each is kept."""

from datetime import date

from shop import Customer, Order
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def last_orders(session: Session) -> dict[str, date]:
    place = (
        func.row_number()
        .over(partition_by=Order.customer_id, order_by=Order.placed_on.desc())
        .label("place")
    )
    ranked = select(Order.customer_id, Order.placed_on, place).subquery()
    newest = (
        select(Customer.name, ranked.c.placed_on)
        .join(ranked, ranked.c.customer_id == Customer.id)
        .where(ranked.c.place == 1)
    )
    return {row.name: row.placed_on for row in session.execute(newest)}


def test_last_orders(session: Session) -> None:
    assert last_orders(session)["Ada"] == date(2024, 2, 1)
