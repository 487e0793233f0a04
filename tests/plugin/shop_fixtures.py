"""The conftest of the projects of these tests."""

import os

import pytest
import shop
from sqlalchemy import StaticPool, create_engine, delete
from sqlalchemy.orm import Session


@pytest.fixture(scope="session")
def engine():
    url = os.environ.get("SHOP_DATABASE_URL", "sqlite://")
    options = {"poolclass": StaticPool} if url == "sqlite://" else {}
    engine = create_engine(url, **options)
    shop.Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine):
    with Session(engine) as session:
        shop.fill(session)
        yield session
        session.rollback()
        for table in reversed(shop.Base.metadata.sorted_tables):
            session.execute(delete(table))
        session.commit()
