"""Three customers in the test, two million orders in production, and no index of customer_id."""

# pytest --querysafe-plans --querysafe-rows=orders=2000000

from collections.abc import Iterator
from typing import Any

import pytest
from shop import Base, Customer, Order, stock
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session


@pytest.fixture
def session(querysafe_postgres: Any) -> Iterator[Session]:
    engine = create_engine(querysafe_postgres.url)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(stock())
        session.commit()
        yield session
    engine.dispose()


def orders_of(session: Session, customer: int) -> list[Order]:
    wanted = select(Order).where(Order.customer_id == customer)
    return list(session.scalars(wanted))  # QS304


def test_orders_of(session: Session) -> None:
    customer = session.scalars(select(Customer.id).limit(1)).one()
    assert len(orders_of(session, customer)) == 2
