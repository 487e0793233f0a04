"""What the library's pages read, carelessly."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lending.models import Book, Librarian, Loan, Writer


def titles_by_writer(session: Session) -> dict[str, list[str]]:
    writers = session.scalars(
        select(Writer).order_by(Writer.id)
    ).all()  # parent[hidden_one_writer, pg_own_database]:
    shown = {}
    for writer in writers:
        shown[writer.name] = [
            book.title
            for book in writer.books  # expect[hidden_one_writer, pg_own_database]: QS101 Writer.books
        ]
    return shown


def shelf(session: Session) -> list[str]:
    books = session.scalars(
        select(Book)
    ).all()  # parent[hidden_service_shared_writer, hidden_warm_service]:
    return [
        f"{book.title} by {book.writer.name}"  # expect[hidden_service_shared_writer, hidden_warm_service]: QS101 Book.writer
        for book in books
    ]


def counted(session: Session) -> dict[str, int]:
    result = {}
    for name, key in session.execute(select(Writer.name, Writer.id)):
        result[name] = session.scalar(  # expect[hidden_counts]: QS103|QS104
            select(func.count()).select_from(Book).where(Book.writer_id == key)
        )
    return result


def latest_loans(session: Session) -> list[Loan | None]:
    return [
        session.scalars(  # expect[hidden_latest]: QS104
            select(Loan).where(Loan.book_id == book.id).order_by(Loan.number.desc()).limit(1)
        ).first()
        for book in session.scalars(select(Book))
    ]


def desks(session: Session) -> list[tuple[str, int]]:
    people = session.scalars(select(Librarian)).all()
    return [
        (each.desk, len(each.notes)) for each in people
    ]  # expect[hidden_inheritance, pg_inheritance]: QS101
