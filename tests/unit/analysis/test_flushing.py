"""A function that adds and flushes one object is cured by one that takes them all, and loses nothing."""

import ast
from types import SimpleNamespace
from typing import Any, cast

import pytest

from querysafe.analysis.cures import flushing
from querysafe.query import Kind

CASES = {
    "what is made": (
        """
def add(session, title, price):
    "Add a book."
    book = Book(title=title, price=price)
    session.add(book)
    session.commit()
    return book
""",
        """
def add_all(session, rows):
    session.add_all([Book(title=title, price=price) for title, price in rows])
    session.commit()
""",
    ),
    "itself, changed before": (
        """
def save(self, session=None):
    import models
    session = session or models.session()
    if self.id is None:
        self.created_at = now()
    session.add(self)
    session.flush()
""",
        """
def save_all(session, objects):
    for self in objects:
        session = session or models.session()
        if self.id is None:
            self.created_at = now()
        session.add(self)
    session.flush()
""",
    ),
    "made of what was worked out": (
        """
async def add(self, title):
    slug = slugify(title)
    book = Book(slug=slug)
    self.session.add(book)
    await self.session.commit()
    return book.slug
""",
        """
async def add_all(self, titles):
    answers = []
    for title in titles:
        slug = slugify(title)
        book = Book(slug=slug)
        self.session.add(book)
        answers.append(book.slug)
    await self.session.commit()
    return answers
""",
    ),
    "given": (
        """
def store(session, book):
    session.add(book)
    session.flush()
""",
        """
def store_all(session, books):
    session.add_all(books)
    session.flush()
""",
    ),
    "may return before": (
        """
def add(session, title):
    if not title:
        return None
    session.add(Book(title=title))
    session.commit()
""",
        "",
    ),
}


@pytest.mark.parametrize(("code", "cure"), CASES.values(), ids=CASES.keys())
def test_a_function_takes_all_of_them(code: str, cure: str) -> None:
    tree = ast.parse(code)
    query = cast(Any, SimpleNamespace(kind=Kind.INSERT))
    assert flushing.once(query, (tree, tree.body[0]), None) == cure.strip()
