"""N+1s that the rows of a test hide: one parent, one shared parent, a warm session, no rows."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lending.data import one_of_each
from lending.models import Base, Book, Branch, Cover, Loan, Subject, Writer
from lending.reading import counted, desks, latest_loans, shelf, titles_by_writer
from sqlalchemy import Engine, create_engine, event, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, selectinload, sessionmaker
from sqlalchemy.pool import StaticPool
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Engine]:
    """An empty library in a file that holds its foreign keys."""
    engine = create_engine(f"sqlite:///{tmp_path / 'library.db'}")
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys=ON"))
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def library(db: Engine) -> Iterator[Session]:
    with Session(db) as session:
        one_of_each(session)
    with Session(db) as session:
        yield session


@pytest.fixture
def memory() -> Iterator[Session]:
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        one_of_each(session)
        yield session


@pytest.fixture
def savepoint(db: Engine) -> Iterator[Session]:
    """The recipe of SQLAlchemy's manual: all is rolled back after the test."""
    connection = db.connect()
    transaction = connection.begin()
    session = Session(bind=connection, join_transaction_mode="create_savepoint")
    yield session
    session.close()
    transaction.rollback()
    connection.close()


@pytest_asyncio.fixture
async def later(db: Engine) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    with Session(db) as session:
        one_of_each(session)
    engine = create_async_engine(str(db.url).replace("sqlite:", "sqlite+aiosqlite:"))
    yield async_sessionmaker(engine)
    await engine.dispose()


def test_hidden_one_writer(library):  # hard-bad: --querysafe-grow
    assert titles_by_writer(library) == {"Ann": ["Tales"]}
    # cure-contains: selectinload(Writer.books)


def test_hidden_service_shared_writer(db):  # hard-bad: --querysafe-grow
    with Session(db) as session:
        writer = Writer(email="b@example.org", name="Bo")
        session.add_all(Book(title=f"part {n}", writer=writer) for n in range(3))
        session.commit()
    with Session(db) as session:
        assert len(shelf(session)) == 3
    # cure-contains: joinedload(Book.writer) or selectinload(Book.writer)


@pytest.fixture
def warm(db: Engine) -> Iterator[tuple[Session, list[Writer]]]:
    session = Session(db, expire_on_commit=False)
    writers = [Writer(email=f"{n}@example.org", name=f"w{n}") for n in range(2)]
    session.add_all(writers)
    session.add_all(Book(title="one", writer=writer) for writer in writers)
    session.commit()
    yield session, writers
    session.close()


def test_hidden_warm_service(warm):  # hard-bad: --querysafe-grow
    session, writers = warm
    assert len(shelf(session)) == len(writers)


@pytest.fixture
def tepid(warm: tuple[Session, list[Writer]]) -> Session:
    return warm[0]


def test_hidden_warm_cold_option(tepid):  # hard-bad: --querysafe-cold-session
    session = tepid
    for book in session.scalars(select(Book)).all():  # parent:
        assert book.writer.name  # expect: QS101 Book.writer


def test_hidden_counts(library):  # hard-bad: --querysafe-grow
    assert counted(library) == {"Ann": 1}


def test_hidden_latest(memory):  # hard-bad: --querysafe-grow
    assert [loan.number for loan in latest_loans(memory)] == [1]


def test_hidden_inheritance(memory):  # hard-bad: --querysafe-grow
    assert desks(memory) == [("north", 1)]


def test_hidden_arranged_in_body_same_session(db):  # hard-bad: --querysafe-grow
    session = Session(db)
    writer = Writer(email="c@example.org", name="Cy")
    book = Book(title="mine", writer=writer, loans=[Loan(number=1)])
    session.add(book)
    session.commit()
    found = session.scalars(select(Book).order_by(Book.id)).all()  # parent:
    days = [loan.days for each in found for loan in each.loans]  # expect: QS101 Book.loans
    session.close()
    assert days == [14]


def test_hidden_arranged_and_flushed(savepoint):  # hard-bad: --querysafe-grow
    savepoint.add(Book(title="x", writer=Writer(email="d@x", name="D"), cover=Cover(path="p")))
    savepoint.flush()
    savepoint.expire_all()
    for book in savepoint.scalars(select(Book)):  # parent:
        assert book.cover.path == "p"  # expect: QS101 Book.cover


def test_hidden_assertion_first(library):  # hard-bad: --querysafe-grow
    books = library.scalars(select(Book)).all()  # parent:
    assert len(books) == 1
    names = [
        subject.name for book in books for subject in book.subjects
    ]  # expect: QS101 Book.subjects
    assert names == ["sea"]


def test_hidden_below_one(library):  # hard-bad: --querysafe-grow
    writer = library.scalars(select(Writer)).one()
    for book in writer.books:
        assert [loan.days for loan in book.loans] == [14]  # expect: QS101 Book.loans


def test_hidden_nested(memory):  # hard-bad: --querysafe-grow
    total = 0
    memory.expunge_all()
    for writer in memory.scalars(select(Writer)):
        for book in writer.books:  # expect: QS101 Writer.books
            for loan in book.loans:  # expect: QS101 Book.loans
                total += len(loan.reminders)  # expect: QS101 Loan.reminders
    assert total == 1


def test_hidden_get(library):  # hard-bad: --querysafe-grow
    keys = library.scalars(select(Book.branch_id)).all()
    codes = [library.get(Branch, key).code for key in keys]  # expect: QS103
    assert codes == ["main"]


def test_hidden_core(library):  # hard-bad: --querysafe-grow
    connection = library.connection()
    for row in connection.execute(text("SELECT id FROM books")).all():
        days = connection.execute(  # expect: QS103
            text("SELECT days FROM loans WHERE book_id = :id"), {"id": row.id}
        ).scalars()
        assert list(days) == [14]


def test_hidden_deferred(library):  # hard-bad: --querysafe-grow
    books = library.scalars(select(Book)).all()  # parent:
    assert [book.blurb for book in books] == ["about"]  # expect: QS102
    # cure-contains: undefer(Book.blurb)


def test_hidden_write(library):  # hard-bad: --querysafe-grow
    for book in library.scalars(select(Book)).all():
        book.title = book.title.upper()
        library.flush()  # expect: QS106
    assert library.scalars(select(Book.title)).first() == "TALES"


def test_hidden_tree(db):  # hard-bad: --querysafe-grow
    with Session(db) as session:
        writer = Writer(email="t@x", name="T")
        root = Book(title="root", writer=writer)
        root.sequels = [Book(title="leaf", writer=writer)]
        session.add(root)
        session.commit()

    def walk(book: Book) -> list[str]:
        below = []
        for sequel in book.sequels:  # expect: QS101 Book.sequels
            below += walk(sequel)
        return [book.title, *below]

    with Session(db) as session:
        root = session.scalars(select(Book).where(Book.sequel_of_id.is_(None))).first()
        assert walk(root) == ["root", "leaf"]


def test_hidden_no_reminders(db):  # hard-bad: --querysafe-grow
    with Session(db) as session:
        session.add(Book(title="x", writer=Writer(email="n@x", name="N")))
        session.commit()
    with Session(db) as session:
        books = session.scalars(select(Book).options(selectinload(Book.loans))).all()  # parent:
        shown = []
        for book in books:
            for loan in book.loans:
                shown.append(len(loan.reminders))  # expect: QS101 Loan.reminders
        assert shown == []


def test_hidden_other_has_rows(library):  # hard-bad: --querysafe-grow
    library.add(Writer(id=7, email="seven@x", name="Seven"))
    library.commit()
    writer = library.get(Writer, 7)
    for book in writer.books:
        assert book.branch.code  # expect: QS101 Book.branch
    assert writer.books == []


async def test_hidden_async(later):  # hard-bad: --querysafe-grow
    async with later() as session:
        for book in await session.scalars(select(Book)):  # parent:
            assert len(await book.awaitable_attrs.loans) == 1  # expect: QS101 Book.loans


async def test_hidden_async_get(later):  # hard-bad: --querysafe-grow
    async with later() as session:
        found = []
        for key in (await session.scalars(select(Book.writer_id))).all():
            found.append(await session.get(Writer, key))  # expect: QS103
        assert len(found) == 1


@pytest.fixture
def client(db: Engine) -> Iterator[TestClient]:
    maker = sessionmaker(db)
    with maker() as session:
        one_of_each(session)

    def books(request: Any) -> JSONResponse:
        with maker() as session:
            found = session.scalars(select(Book)).all()  # parent[hidden_page]:
            return JSONResponse(
                [
                    {"title": b.title, "by": b.writer.name} for b in found
                ]  # expect[hidden_page]: QS101 Book.writer
            )

    with TestClient(Starlette(routes=[Route("/books", books)])) as client:
        yield client


def test_hidden_page(client):  # hard-bad: --querysafe-grow
    response = client.get("/books")
    assert response.json() == [{"title": "Tales", "by": "Ann"}]


# --- wider fixtures


@pytest.fixture(scope="module")
def module_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path_factory.mktemp('lib') / 'module.db'}")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        one_of_each(session)
    yield engine
    engine.dispose()


def test_hidden_module_engine(module_engine):  # hard-bad: --querysafe-grow
    with Session(module_engine) as session:
        for book in session.scalars(select(Book)):
            assert book.branch.code == "main"  # expect: QS101 Book.branch


def test_hidden_module_engine_after(module_engine):  # hard-good: --querysafe-grow
    with Session(module_engine) as session:
        assert len(session.scalars(select(Book)).all()) == 1


@pytest.fixture(scope="module")
def module_memory() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        one_of_each(session)
    yield engine
    engine.dispose()


def test_hidden_module_memory(module_memory):  # hard-bad: --querysafe-grow
    with Session(module_memory) as session:
        session.add(Subject(name=str(uuid.uuid4())))
        session.commit()
        for book in session.scalars(select(Book)):
            assert book.branch.code == "main"  # expect: QS101 Book.branch


def test_hidden_module_memory_after(module_memory):  # hard-good: --querysafe-grow
    with Session(module_memory) as session:
        assert len(session.scalars(select(Book)).all()) == 1
        assert len(session.scalars(select(Subject)).all()) == 2


@pytest.fixture(scope="module")
def module_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    engine = create_engine(f"sqlite:///{tmp_path_factory.mktemp('lib') / 'held.db'}")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        one_of_each(session)
        session.add(Subject(name="uncommitted"))
        session.flush()
        yield session
    engine.dispose()


def test_hidden_module_session(module_session):  # hard-good: --querysafe-grow
    assert len(titles_by_writer(module_session)) == 1


def test_hidden_module_session_after(module_session):  # hard-good: --querysafe-grow
    assert len(module_session.scalars(select(Book)).all()) == 1
    assert len(module_session.scalars(select(Subject)).all()) == 2
