"""The smallest library: one of everything."""

from sqlalchemy.orm import Session

from lending.models import Book, Branch, Cover, Librarian, Loan, Note, Reminder, Subject, Writer


def one_of_each(session: Session) -> None:
    """One writer, one book in one branch, lent once, with all that hangs on it."""
    book = Book(
        title="Tales",
        writer=Writer(email="Ann@example.org", name="Ann"),
        branch=Branch(code="main"),
        subjects=[Subject(name="sea")],
        cover=Cover(path="tales.png"),
    )
    book.loans = [Loan(number=1, reminders=[Reminder(text="please")])]
    session.add(book)
    session.add(Librarian(name="Lee", desk="north", notes=[Note(text="kind")]))
    session.commit()
