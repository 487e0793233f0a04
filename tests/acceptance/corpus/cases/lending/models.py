"""A lending library, with the keys and constraints that rows of real applications have."""

from __future__ import annotations

import enum
import uuid
from datetime import date

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    UniqueConstraint,
    func,
)
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, deferred, mapped_column, relationship


class Base(AsyncAttrs, DeclarativeBase):
    pass


class State(enum.Enum):
    free = "free"
    lent = "lent"


book_subjects = Table(
    "book_subjects",
    Base.metadata,
    Column("book_id", ForeignKey("books.id"), primary_key=True),
    Column("subject_id", ForeignKey("subjects.id"), primary_key=True),
)


class Branch(Base):
    __tablename__ = "branches"
    __table_args__ = (CheckConstraint("length(code) <= 12"),)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    books: Mapped[list[Book]] = relationship(back_populates="branch", order_by="Book.title")


class Writer(Base):
    __tablename__ = "writers"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(80))
    shout: Mapped[str] = mapped_column(String(80), Computed("upper(name)"))
    __table_args__ = (Index("one_email", func.lower(email), unique=True),)
    books: Mapped[list[Book]] = relationship(back_populates="writer", order_by="Book.id")


class Book(Base):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    writer_id: Mapped[int] = mapped_column(ForeignKey("writers.id"))
    branch_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("branches.id"))
    title: Mapped[str] = mapped_column(String(120))
    state: Mapped[State] = mapped_column(Enum(State), default=State.free)
    printed: Mapped[date] = mapped_column(default=date(2020, 5, 17))
    blurb: Mapped[str] = deferred(mapped_column(String(400), default="about"))
    sequel_of_id: Mapped[int | None] = mapped_column(ForeignKey("books.id"))
    __table_args__ = (UniqueConstraint("writer_id", "title"),)
    writer: Mapped[Writer] = relationship(back_populates="books")
    branch: Mapped[Branch | None] = relationship(back_populates="books")
    subjects: Mapped[list[Subject]] = relationship(secondary=book_subjects)
    loans: Mapped[list[Loan]] = relationship(back_populates="book", order_by="Loan.number")
    cover: Mapped[Cover | None] = relationship(back_populates="book")
    sequels: Mapped[list[Book]] = relationship(order_by="Book.id")


class Cover(Base):
    __tablename__ = "covers"
    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("books.id"), unique=True)
    path: Mapped[str] = mapped_column(String(80))
    book: Mapped[Book] = relationship(back_populates="cover")


class Subject(Base):
    __tablename__ = "subjects"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)


class Loan(Base):
    """Its key is the book's and a number within it."""

    __tablename__ = "loans"
    book_id: Mapped[int] = mapped_column(ForeignKey("books.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    days: Mapped[int] = mapped_column(default=14)
    book: Mapped[Book] = relationship(back_populates="loans")
    reminders: Mapped[list[Reminder]] = relationship(back_populates="loan")


class Reminder(Base):
    __tablename__ = "reminders"
    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int]
    number: Mapped[int]
    text: Mapped[str] = mapped_column(String(80))
    __table_args__ = (
        ForeignKeyConstraint(["book_id", "number"], ["loans.book_id", "loans.number"]),
    )
    loan: Mapped[Loan] = relationship(back_populates="reminders")


class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(80))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}
    notes: Mapped[list[Note]] = relationship(back_populates="person")


class Librarian(Person):
    __tablename__ = "librarians"
    id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    desk: Mapped[str] = mapped_column(String(20), unique=True)
    __mapper_args__ = {"polymorphic_identity": "librarian"}


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    text: Mapped[str] = mapped_column(String(80))
    person: Mapped[Person] = relationship(back_populates="notes")
