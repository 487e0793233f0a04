"""The planner has an index to use, on however few rows of a test."""

# pytest --querysafe-plans --querysafe-rows=orders=2000000

from collections.abc import Iterator
from typing import Any

import pytest
from shop import Base, Customer, Order, stock
from sqlalchemy import Index, create_engine, select
from sqlalchemy.orm import Session


@pytest.fixture
def session(querysafe_postgres: Any) -> Iterator[Session]:
    engine = create_engine(querysafe_postgres.url)
    Base.metadata.create_all(engine)
    index = Index("ix_orders_customer_id", Order.__table__.c.customer_id)
    index.create(engine)
    with Session(engine) as session:
        session.add_all(stock())
        session.commit()
        yield session
    engine.dispose()


def orders_of(session: Session, customer: int) -> list[Order]:
    wanted = select(Order).where(Order.customer_id == customer)
    return list(session.scalars(wanted))


def test_orders_of(session: Session) -> None:
    customer = session.scalars(select(Customer.id).limit(1)).one()
    assert len(orders_of(session, customer)) == 2
