"""A window function adds up in one pass."""

import pytest
from shop import Reading
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session


@pytest.fixture
def readings(session: Session) -> None:
    rows = [{"degrees": number % 30 - 10} for number in range(1500)]
    session.execute(insert(Reading), rows)
    session.commit()


def warmest_sum(session: Session) -> int:
    so_far = func.sum(Reading.degrees).over(order_by=Reading.id)
    sums = select(so_far.label("degrees")).subquery()
    return session.scalar(select(func.max(sums.c.degrees)))


@pytest.mark.usefixtures("readings")
@pytest.mark.querysafe(max_seconds=0.02)
def test_warmest_sum(session: Session) -> None:
    assert warmest_sum(session) == 6750
