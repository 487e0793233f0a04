"""One query brings the orders, a second one the lines of all of them."""

from shop import Order
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload


def quantities(session: Session) -> dict[int, int]:
    orders = session.scalars(select(Order).options(selectinload(Order.lines))).all()
    return {order.id: sum(line.quantity for line in order.lines) for order in orders}


def test_quantities(session: Session) -> None:
    assert quantities(session) == {1: 2, 2: 4, 3: 2, 4: 4, 5: 2, 6: 4}
