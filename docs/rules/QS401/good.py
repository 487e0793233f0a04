"""One query groups, however many figures are shown."""

from datetime import date

from shop import Customer, Order, Payment
from sqlalchemy import func, select
from sqlalchemy.orm import Session


def overview(session: Session) -> dict[tuple[str, date], int]:
    amounts = (
        select(Customer.country, Order.placed_on, func.sum(Payment.amount).label("paid"))
        .join(Order, Order.id == Payment.order_id)
        .join(Customer)
        .group_by(Customer.country, Order.placed_on)
    )
    return {(row.country, row.placed_on): row.paid for row in session.execute(amounts)}


def test_overview(session: Session) -> None:
    assert overview(session)["GB", date(2024, 2, 1)] == 460
