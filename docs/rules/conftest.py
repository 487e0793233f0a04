"""A database in memory for each example, and a session that has not loaded anything yet."""

from collections.abc import Iterator

import pytest
from shop import Base, stock
from sqlalchemy import create_engine
from sqlalchemy.orm import Session


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as filling:
        filling.add_all(stock())
        filling.commit()
    with Session(engine) as session:
        yield session
    engine.dispose()
