"""What each order holds is asked for order by order."""

from shop import Order
from sqlalchemy import select
from sqlalchemy.orm import Session


def quantities(session: Session) -> dict[int, int]:
    orders = session.scalars(select(Order)).all()
    return {
        order.id: sum(line.quantity for line in order.lines)  # QS101
        for order in orders
    }


def test_quantities(session: Session) -> None:
    assert quantities(session) == {1: 2, 2: 4, 3: 2, 4: 4, 5: 2, 6: 4}
