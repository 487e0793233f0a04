"""Deferred, expired, refreshed columns."""

from __future__ import annotations

import pytest
from sqlalchemy import ForeignKey, Text, func, select, update
from sqlalchemy.orm import (
    DeclarativeBase,
    DynamicMapped,
    Mapped,
    WriteOnlyMapped,
    column_property,
    defer,
    deferred,
    load_only,
    mapped_column,
    relationship,
    selectinload,
    sessionmaker,
)


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    bio: Mapped[str] = mapped_column(Text, deferred=True)
    photo: Mapped[str] = mapped_column(Text, deferred=True, deferred_group="media")
    video: Mapped[str] = mapped_column(Text, deferred=True, deferred_group="media")
    articles: Mapped[list[Article]] = relationship(back_populates="author")
    awards: DynamicMapped[Award] = relationship()
    letters: WriteOnlyMapped[Letter] = relationship()


class Article(Base):
    __tablename__ = "article"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    body: Mapped[str] = deferred(mapped_column(Text))
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))
    author: Mapped[Author] = relationship(back_populates="articles")

    @property
    def teaser(self) -> str:
        return self.body[:10]  # expect[authors_teaser_property]: QS102 Article.body


class Award(Base):
    __tablename__ = "award"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))


class Letter(Base):
    __tablename__ = "letter"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))


Author.article_count = column_property(
    select(func.count(Article.id)).where(Article.author_id == Author.id).scalar_subquery(),
    deferred=True,
)


@pytest.fixture()
def maker(engine):
    Base.metadata.create_all(engine)
    factory = sessionmaker(engine)
    with factory.begin() as session:
        for a in range(4):
            author = Author(name=f"a{a}", bio="b" * 5, photo="p", video="v")
            author.articles = [Article(title=f"t{a}{i}", body="text " * 5) for i in range(2)]
            session.add(author)
            session.flush()
            session.add_all([Award(author_id=author.id), Letter(author_id=author.id)])
    return factory


@pytest.fixture()
def session(maker):
    with maker() as session:
        yield session


def test_authors_deferred_bio(session):  # bad
    authors = session.scalars(select(Author)).all()  # parent:
    assert [a.bio for a in authors] == ["bbbbb"] * 4  # expect: QS102 Author.bio


def test_authors_deferred_group(session):  # bad
    authors = session.scalars(select(Author).order_by(Author.id)).all()  # parent:
    media = []
    for author in authors:
        media.append((author.photo, author.video))  # expect: QS102
    assert len(media) == 4


def test_authors_deferred_nested(session):  # bad
    authors = session.scalars(
        select(Author).options(selectinload(Author.articles))
    ).all()  # parent:
    size = 0
    for author in authors:
        for article in author.articles:
            size += len(article.body)  # expect: QS102 Article.body
    assert size == 8 * 25


def test_authors_teaser_property(session):  # bad
    articles = session.scalars(select(Article).where(Article.title != "")).all()  # parent:
    assert {a.teaser for a in articles} == {"text text "}


def test_authors_deferred_by_option(session):  # bad
    articles = session.scalars(select(Article).options(defer(Article.title))).all()  # parent:
    titles = [a.title for a in articles]  # expect: QS102 Article.title
    assert len(titles) == 8


def test_authors_load_only_too_narrow(session):  # bad
    authors = session.scalars(select(Author).options(load_only(Author.id))).all()  # parent:
    names = ", ".join(a.name for a in authors)  # expect: QS102 Author.name
    assert names.count(",") == 3


def test_authors_deferred_column_property(session):  # bad
    authors = session.scalars(select(Author)).all()  # parent:
    assert sum(a.article_count for a in authors) == 8  # expect: QS102 Author.article_count


def test_authors_expired_after_commit(session):  # bad
    authors = session.scalars(select(Author)).all()  # parent:
    authors[0].name = "renamed"
    session.commit()
    names = [a.name for a in authors]  # expect: QS102 Author
    assert names[0] == "renamed"


def test_authors_expired_after_each_commit(session):  # bad
    articles = session.scalars(select(Article)).all()  # parent:
    for article in articles:
        article.title = article.title.upper()  # expect: QS102 Article
        session.commit()  # expect: QS106
    assert articles[0].title


def test_authors_expire_all_then_read(session):  # bad
    articles = session.scalars(select(Article)).all()  # parent:
    session.execute(update(Article).values(title="same"))
    session.expire_all()
    for article in articles:
        assert article.title == "same"  # expect: QS102 Article


def test_authors_refresh_each(session):  # bad
    authors = session.scalars(select(Author)).all()  # parent:
    for author in authors:
        session.refresh(author)  # expect: QS102|QS103
    assert len(authors) == 4


def test_authors_refresh_each_new_object(session):  # bad
    created = []
    for i in range(3):
        author = Author(name=f"n{i}", bio="", photo="", video="")
        session.add(author)
        session.commit()  # expect: QS106
        session.refresh(author)  # expect: QS102|QS103
        created.append(author)
    assert len(created) == 3


def test_authors_dynamic_relationship(session):  # bad
    authors = session.scalars(select(Author)).all()  # parent:
    awards = {a.name: a.awards.count() for a in authors}  # expect: QS103|QS101|QS104
    assert set(awards.values()) == {1}


def test_authors_dynamic_relationship_all(session):  # bad
    n = 0
    for author in session.scalars(select(Author)).all():  # parent:
        n += len(author.awards.all())  # expect: QS103|QS101|QS104
    assert n == 4


def test_authors_write_only_relationship(session):  # bad
    letters = []
    for author in session.scalars(select(Author)).all():  # parent:
        letters += session.scalars(author.letters.select()).all()  # expect: QS103|QS101|QS104
    assert len(letters) == 4


def test_authors_deferred_through_many_to_one(session):  # bad
    articles = session.scalars(
        select(Article).options(selectinload(Article.author))
    ).all()  # parent:
    bios = {article.author.bio for article in articles}  # expect: QS102 Author.bio
    assert len(bios) == 1
