"""N+1s that one row hides, on PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from lending.data import one_of_each
from lending.models import Base, Book, Cover, Subject, Writer
from lending.reading import desks, titles_by_writer
from sqlalchemy import Engine, create_engine, inspect, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session


@pytest.fixture(scope="module")
def pg(querysafe_postgres_server: Any) -> Iterator[str]:
    """The address of a database that the tests of this module share."""
    database = querysafe_postgres_server.create_database("library_shared")
    engine = create_engine(database.url)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        one_of_each(session)
    engine.dispose()
    yield database.url.replace("+psycopg", "+{driver}")
    querysafe_postgres_server.drop_database("library_shared")


@pytest.fixture(scope="module")
def pg_engine(pg: str) -> Iterator[Engine]:
    engine = create_engine(pg.format(driver="psycopg"))
    yield engine
    engine.dispose()


@pytest.fixture
def within(pg_engine: Engine) -> Iterator[Session]:
    """A session whose changes are rolled back, as SQLAlchemy's manual has it."""
    with pg_engine.connect() as connection:
        outer = connection.begin()
        with Session(bind=connection, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()


def test_pg_shared_rows(within):  # hard-bad: --querysafe-grow
    for book in within.scalars(select(Book)):  # parent:
        assert book.writer.name == "Ann"  # expect: QS101 Book.writer


def test_pg_rows_of_the_test(within):  # hard-bad: --querysafe-grow
    writer = Writer(email="pg@example.org", name="Pat")
    within.add(Book(title="pg", writer=writer, cover=Cover(path="pg.png")))
    within.commit()
    for book in within.scalars(select(Book).where(Book.writer == writer)):  # parent:
        assert book.cover.path == "pg.png"  # expect: QS101 Book.cover


def test_pg_committed(pg_engine):  # hard-bad: --querysafe-grow
    with Session(pg_engine) as session:
        for book in session.scalars(select(Book)):  # parent:
            assert [s.name for s in book.subjects] == ["sea"]  # expect: QS101 Book.subjects


def test_pg_committed_write(pg_engine):  # hard-bad: --querysafe-grow
    with Session(pg_engine) as session:
        session.add(Subject(name=str(uuid.uuid4())))
        session.commit()
    with Session(pg_engine) as session:
        for book in session.scalars(select(Book)):
            assert book.branch.code == "main"  # expect: QS101 Book.branch


def test_pg_unchanged_afterwards(pg_engine):  # hard-good: --querysafe-grow
    with Session(pg_engine) as session:
        assert len(session.scalars(select(Book)).all()) == 1
        assert len(session.scalars(select(Subject)).all()) == 2


def test_pg_inheritance(within):  # hard-bad: --querysafe-grow
    assert len(desks(within)) == 1


@pytest_asyncio.fixture(params=["psycopg", "asyncpg"])
async def later(pg: str, request: pytest.FixtureRequest) -> AsyncIterator[async_sessionmaker]:
    engine = create_async_engine(pg.format(driver=request.param))
    yield async_sessionmaker(engine)
    await engine.dispose()


async def test_pg_async(later):  # hard-bad: --querysafe-grow
    async with later() as session:
        for book in await session.scalars(select(Book)):  # parent:
            loans = await book.awaitable_attrs.loans  # expect: QS101 Book.loans
            assert [loan.days for loan in loans] == [14]


async def test_pg_async_rolled_back(later):  # hard-bad: --querysafe-grow
    async with later() as session:
        session.add(Book(title="as", writer=Writer(email="as@x", name="As")))
        await session.flush()
        for book in (await session.scalars(select(Book))).all():  # parent:
            await book.awaitable_attrs.cover  # expect: QS101 Book.cover
        await session.rollback()


def test_pg_own_database(querysafe_postgres):  # hard-bad: --querysafe-grow
    engine = create_engine(querysafe_postgres.url)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        one_of_each(session)
        assert titles_by_writer(session) == {"Ann": ["Tales"]}
    engine.dispose()


def test_pg_tables_made_in_the_test(querysafe_postgres):  # good
    engine = create_engine(querysafe_postgres.url)
    Base.metadata.create_all(engine)
    assert inspect(engine).has_table(Book.__tablename__)
    assert [inspect(engine).get_columns(table) for table in Base.metadata.tables]
    engine.dispose()
