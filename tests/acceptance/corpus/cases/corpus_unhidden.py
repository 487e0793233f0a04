"""Reads that send more statements for more rows, or look so, and are as they should be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lending.data import one_of_each
from lending.models import Base, Book, Branch, Loan, Reminder, Subject, Writer
from sqlalchemy import create_engine, delete, func, insert, select, text, tuple_, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, joinedload, selectinload, subqueryload
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Session]:
    engine = create_engine(f"sqlite:///{tmp_path / 'library.db'}")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        one_of_each(session)
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def stocked(library: Session) -> Session:
    writer = library.get(Writer, 1)
    library.add_all(
        Book(title=f"volume {n}", writer=writer, loans=[Loan(number=1)]) for n in range(11)
    )
    library.commit()
    library.expunge_all()
    return library


def test_follow_offset_pages(stocked):  # good
    def page(number: int, size: int = 4) -> list[Book]:
        chosen = select(Book).order_by(Book.id).offset(number * size).limit(size)
        return list(stocked.scalars(chosen))

    seen, number = 0, 0
    while books := page(number):
        seen += len(books)
        number += 1
    assert seen == 12


def test_follow_keyset_pages(stocked):  # good
    last, seen = 0, 0
    while True:
        books = stocked.scalars(select(Book).where(Book.id > last).order_by(Book.id).limit(5)).all()
        if not books:
            break
        last, seen = books[-1].id, seen + len(books)
    assert seen == 12


def test_follow_total_pages(stocked):  # good
    total = stocked.scalar(select(func.count()).select_from(Book))
    seen = []
    for offset in range(0, total, 4):
        seen += stocked.scalars(select(Book.id).order_by(Book.id).limit(4).offset(offset))
    assert len(seen) == 12


def test_follow_chunks(stocked):  # good
    keys = stocked.scalars(select(Book.id).order_by(Book.id)).all()
    titles = []
    for start in range(0, len(keys), 5):
        chunk = keys[start : start + 5]
        titles += stocked.scalars(select(Book.title).where(Book.id.in_(chunk)))
    assert len(titles) == 12


def test_follow_even_chunks(stocked):  # good
    keys = list(stocked.scalars(select(Book.id).order_by(Book.id)))
    found = []
    while keys:
        chunk, keys = keys[:4], keys[4:]
        found += stocked.scalars(select(Loan).where(Loan.book_id.in_(chunk)))
    assert len(found) == 12


def test_follow_pair_chunks(stocked):  # good
    keys = stocked.execute(select(Loan.book_id, Loan.number)).all()
    found = []
    for start in range(0, len(keys), 6):
        chunk = [tuple(key) for key in keys[start : start + 6]]
        found += stocked.scalars(select(Loan).where(tuple_(Loan.book_id, Loan.number).in_(chunk)))
    assert len(found) == 12


def test_follow_yield_per(stocked):  # good
    seen = 0
    statement = select(Book).options(selectinload(Book.loans)).execution_options(yield_per=5)
    for books in stocked.scalars(statement).partitions():
        seen += sum(len(book.loans) for book in books)
    assert seen == 12


def test_follow_subqueryload(stocked):  # good
    books = stocked.scalars(select(Book).options(subqueryload(Book.loans))).all()
    assert sum(len(book.loans) for book in books) == 12


def test_follow_one_and_its_lines(library):  # good
    book = library.get(Book, 1)
    assert len(book.loans) == 1
    assert book.writer.name == "Ann"
    assert book.cover.path


def test_follow_detail_view(library):  # good
    writer = library.scalars(select(Writer).where(Writer.email == "Ann@example.org")).one()
    assert [book.title for book in writer.books] == ["Tales"]


def test_follow_eager(library):  # good
    writers = library.scalars(
        select(Writer).options(
            selectinload(Writer.books).options(
                joinedload(Book.branch), selectinload(Book.loans).selectinload(Loan.reminders)
            )
        )
    ).all()
    for writer in writers:
        for book in writer.books:
            assert book.branch.code
            for loan in book.loans:
                assert len(loan.reminders) == 1


def test_follow_polling(library):  # good
    def is_done() -> bool:
        return library.scalar(select(func.count()).select_from(Book)) >= 1

    for _ in range(5):
        if is_done():
            break
        time.sleep(0.01)
    else:
        raise AssertionError("never")


def test_follow_polling_while(library):  # good
    rounds = 0
    while rounds < 3:
        library.expire_all()
        assert library.scalar(text("SELECT count(*) FROM loans")) >= 1
        rounds += 1


def test_follow_retry(library):  # good
    for attempt in range(3):
        try:
            library.execute(select(Book.id).where(Book.title == "Tales")).all()
            if attempt == 0:
                raise OperationalError("locked", None, Exception())
            break
        except OperationalError:
            library.rollback()


def test_follow_constants(library):  # good
    sizes = {}
    for kind in (Book, Loan, Writer):
        sizes[kind.__name__] = library.scalar(select(func.count()).select_from(kind))
    assert min(sizes.values()) >= 1


def test_follow_two_constants(library):  # good
    for state in ("free", "lent"):
        library.execute(
            select(func.count()).select_from(Book).where(text("state = :s")), {"s": state}
        )


def test_follow_act_read_act(library):  # good
    book = library.scalars(select(Book)).first()
    book.title = "New"
    library.commit()
    assert library.scalars(select(Book.title)).first() == "New"
    book.title = "Newer"
    library.commit()
    assert library.scalars(select(Book.title)).first() == "Newer"


def test_follow_bulk_writes(library):  # good
    library.execute(insert(Subject), [{"name": f"s{n}"} for n in range(30)])
    library.execute(update(Book).values(title=Book.title + "!"))
    library.execute(delete(Reminder))
    library.commit()


def test_follow_unit_of_work(library):  # good
    for book in library.scalars(select(Book)).all():
        book.title = book.title.upper()
        book.subjects.clear() if False else None
    library.commit()
    assert library.scalars(select(Book.title)).first() == "TALES"


def test_follow_delete_with_children(library):  # good
    loan = library.scalars(select(Loan)).first()
    for reminder in list(loan.reminders):
        library.delete(reminder)
    library.commit()


def test_follow_batched_writes(stocked):  # good
    rows = [{"name": f"n{n}"} for n in range(20)]
    for start in range(0, len(rows), 10):
        stocked.execute(insert(Subject), rows[start : start + 10])
    stocked.commit()


def test_follow_batches_of_changes(stocked):  # good
    keys = stocked.scalars(select(Book.id)).all()
    for start in range(0, len(keys), 6):
        stocked.execute(
            update(Book).where(Book.id.in_(keys[start : start + 6])).values(state="lent")
        )
        stocked.commit()


def test_follow_first_only(library):  # good
    first = library.scalars(select(Book).order_by(Book.id).limit(1)).first()
    assert first.branch.code


def test_follow_asserted_rows(library):  # good
    """The test looks at each row of its own: nothing of the application does."""
    library.commit()
    for title in ["Tales"]:
        assert library.scalar(select(func.count()).where(Book.title == title)) >= 1


def test_follow_requests(library):  # good
    engine = library.get_bind()

    def show(request: Any) -> JSONResponse:
        with Session(engine) as session:
            book = session.get(Book, request.path_params["key"])
            return JSONResponse([loan.days for loan in book.loans])

    with TestClient(Starlette(routes=[Route("/books/{key:int}", show)])) as client:
        for book in library.scalars(select(Book)).all():
            assert client.get(f"/books/{book.id}").status_code == 200


def test_follow_grouped(library):  # good
    counts = dict(
        library.execute(select(Book.writer_id, func.count()).group_by(Book.writer_id)).all()
    )
    for writer in library.scalars(select(Writer)):
        assert counts[writer.id] >= 1


def test_follow_memory_lookup(library):  # good
    branches = {branch.id: branch for branch in library.scalars(select(Branch))}
    for book in library.scalars(select(Book)):
        assert library.get(Branch, book.branch_id) is branches[book.branch_id]


def test_follow_cached_lookup(library):  # good
    cache: dict[Any, Any] = {}

    def writer_name(key: int) -> str:
        if not cache:
            cache.update(library.execute(select(Writer.id, Writer.name)).all())
        return cache[key]

    for key in library.scalars(select(Book.writer_id)).all():
        assert writer_name(key)


def test_follow_same_cover(library):  # good
    """What two screens read."""

    def header() -> str:
        return library.scalars(select(Writer).order_by(Writer.id)).first().name

    def footer() -> str:
        return library.scalars(select(Writer).order_by(Writer.id)).first().name

    header()
    footer()


def test_follow_limit_per_process(stocked):  # good
    """A worker takes jobs one batch after the other until none is left."""
    while True:
        batch = stocked.scalars(
            select(Loan).where(Loan.days == 14).order_by(Loan.book_id).limit(5)
        ).all()
        if not batch:
            break
        for loan in batch:
            loan.days = 0
        stocked.commit()


def test_follow_refresh_once(library):  # good
    book = library.scalars(select(Book)).first()
    library.refresh(book)
    assert book.title
