"""A small library: collections, single objects, deferred columns, subclasses, many-to-many."""

from sqlalchemy import Column, Engine, ForeignKey, String, Table, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


book_tags = Table(
    "book_tags",
    Base.metadata,
    Column("book_id", ForeignKey("books.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    books: Mapped[list["Book"]] = relationship(back_populates="author", order_by="Book.id")

    @property
    def titles(self) -> list[str]:
        """The titles of the author's books."""
        return [book.title for book in self.books]  # sent: property


class Book(Base):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(40))
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    blurb: Mapped[str] = mapped_column(String(200), default="", deferred=True)
    author: Mapped[Author] = relationship(back_populates="books")
    reviews: Mapped[list["Review"]] = relationship(back_populates="book", order_by="Review.id")
    tags: Mapped[list["Tag"]] = relationship(secondary=book_tags)


class Review(Base):
    __tablename__ = "reviews"
    id: Mapped[int] = mapped_column(primary_key=True)
    stars: Mapped[int]
    book_id: Mapped[int] = mapped_column(ForeignKey("books.id"))
    book: Mapped[Book] = relationship(back_populates="reviews")


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)


class Shelf(Base):
    __tablename__ = "shelves"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "shelf"}


class Glass(Shelf):
    __tablename__ = "glass_shelves"
    id: Mapped[int] = mapped_column(ForeignKey("shelves.id"), primary_key=True)
    lock: Mapped[str] = mapped_column(String(20))
    keys: Mapped[list["Key"]] = relationship(order_by="Key.id")
    __mapper_args__ = {"polymorphic_identity": "glass"}


class Key(Base):
    __tablename__ = "keys"
    id: Mapped[int] = mapped_column(primary_key=True)
    glass_id: Mapped[int] = mapped_column(ForeignKey("glass_shelves.id"))


ROWS = {
    Author: [{"id": n, "name": f"author {n}"} for n in (1, 2, 3)],
    Book: [
        {"id": n, "title": f"book {n}", "author_id": (n + 1) // 2, "blurb": "…"}
        for n in range(1, 7)
    ],
    Review: [{"id": n, "stars": 5, "book_id": (n + 1) // 2} for n in range(1, 13)],
    Tag: [{"name": f"tag {n}"} for n in (1, 2)],
    Glass: [{"id": n, "lock": "steel"} for n in (1, 2)],
    Key: [{"id": n, "glass_id": (n + 1) // 2} for n in (1, 2, 3, 4)],
}


def fill(engine: Engine) -> None:
    """Create the tables and bring two or three rows into each."""
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        for model, rows in ROWS.items():
            if model is Glass:
                shelves = [{"id": row["id"], "kind": "glass"} for row in rows]
                connection.execute(insert(Shelf.__table__), shelves)
            connection.execute(insert(model.__table__), rows)
        pairs = [{"book_id": n, "tag_id": 1 + n % 2} for n in range(1, 7)]
        connection.execute(insert(book_tags), pairs)
