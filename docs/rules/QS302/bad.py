"""Each row adds up all rows before it: the time grows with the square of the rows."""

import pytest
from shop import Reading
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, aliased


@pytest.fixture
def readings(session: Session) -> None:
    rows = [{"degrees": number % 30 - 10} for number in range(1500)]
    session.execute(insert(Reading), rows)
    session.commit()


def warmest_sum(session: Session) -> int:
    earlier = aliased(Reading)
    so_far = (
        select(func.sum(earlier.degrees))
        .where(earlier.id <= Reading.id)
        .correlate(Reading)
        .scalar_subquery()
    )
    sums = select(so_far.label("degrees")).select_from(Reading).subquery()
    return session.scalar(select(func.max(sums.c.degrees)))  # QS302


@pytest.mark.usefixtures("readings")
@pytest.mark.querysafe(max_seconds=0.02)
def test_warmest_sum(session: Session) -> None:
    assert warmest_sum(session) == 6750
