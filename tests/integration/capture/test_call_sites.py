"""The line that sent a query is the user's, whatever stands between it and the driver."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import strawberry
from fastapi import FastAPI
from fastapi.testclient import TestClient
from flask import Flask, render_template_string
from jinja2 import Environment, FileSystemLoader
from pydantic import BaseModel, ConfigDict, computed_field, field_serializer
from sqlalchemy import Engine, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Session, selectinload

import querysafe
from querysafe.query import CapturedQuery, Loading
from querysafe.testing.api import Captured
from tests.integration.capture import books
from tests.integration.capture.books import Author, Base, Book

Line = Callable[..., int]


def loads(captured: Captured) -> list[CapturedQuery]:
    return [query for query in captured if query.orm_cause.loading is not Loading.STATEMENT]


def places(captured: Captured) -> set[tuple[str, int]]:
    return {
        (Path(query.call_site.path).name, query.call_site.line)
        for query in loads(captured)
        if query.call_site
    }


@pytest.fixture
def here(line: Line) -> Callable[[str], set[tuple[str, int]]]:
    return lambda word: {(Path(__file__).name, line(word))}


def test_a_property(session: Session, line: Line) -> None:
    with querysafe.capture() as captured:
        assert [len(author.titles) for author in session.scalars(select(Author))] == [2, 2, 2]
    assert places(captured) == {("books.py", line("property", books.__file__))}
    functions = [frame.site.function for frame in loads(captured)[0].stack]
    assert functions[0] == "titles"
    assert set(functions[1:]) == {"test_a_property"}


class Loud(Base):
    __table__ = Book.__table__
    __mapper_args__ = {"exclude_properties": ["blurb"]}

    @hybrid_property
    def shout(self) -> str:
        """The title, loudly."""
        return self.title.upper()  # sent: hybrid

    def __getattr__(self, name: str) -> Any:
        if name == "late":
            return self.title  # sent: getattr
        raise AttributeError(name)


def test_a_hybrid_property_and_getattr(session: Session, here: Any, line: Line) -> None:
    found = session.scalars(select(Loud)).all()
    session.commit()
    with querysafe.capture() as captured:
        assert [each.shout for each in found[:2]] == ["BOOK 1", "BOOK 2"]
        assert found[3].late == "book 4"
    assert places(captured) == here("hybrid") | here("getattr")


def test_a_lambda_a_partial_and_a_decorator(session: Session, here: Any) -> None:
    def logged(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*arguments: Any) -> Any:
            return function(*arguments)

        return call

    @logged
    def count(author: Author) -> int:
        return len(author.books)  # sent: decorated

    one, two, three = session.scalars(select(Author)).all()
    with querysafe.capture() as captured:
        assert functools.partial(count, one)() == 2
        assert (lambda each: len(each.books))(two) == 2  # sent: lambda
        assert sorted([three], key=lambda each: len(each.books))  # sent: sorting
    assert places(captured) == here("decorated") | here("lambda") | here("sorting")
    assert [frame.site.function for frame in loads(captured)[0].stack] == [
        "count",
        "call",
        "test_a_lambda_a_partial_and_a_decorator",
    ]


def test_a_generator_consumed_elsewhere(session: Session, here: Any, line: Line) -> None:
    def counts(authors: Any) -> Iterator[int]:
        for author in authors:
            yield len(author.books)  # sent: generator

    authors = session.scalars(select(Author)).all()
    with querysafe.capture() as captured:
        lazily = counts(authors)
        assert sum(lazily) == 6  # sent: consumer
    assert places(captured) == here("generator")
    assert loads(captured)[0].stack[1].site.line == line("consumer")


def test_comprehensions_of_every_kind(session: Session, here: Any) -> None:
    authors = session.scalars(select(Author)).all()
    with querysafe.capture() as captured:
        assert [len(each.books) for each in authors[:1]]  # sent: list
        assert {len(each.books) for each in authors[1:2]}  # sent: set
        assert {each.id: len(each.books) for each in authors[2:]}  # sent: dict
    assert places(captured) == here("list") | here("set") | here("dict")
    assert {query.call_site.function for query in captured if query.call_site} == {
        "test_comprehensions_of_every_kind"
    }


def test_a_context_manager(session: Session, here: Any) -> None:
    @contextmanager
    def opened(author: Author) -> Iterator[int]:
        yield len(author.books)  # sent: entering
        session.refresh(author)  # sent: leaving

    author = session.get_one(Author, 1)
    with querysafe.capture() as captured, opened(author) as number:
        assert number == 2
    assert places(captured) == here("entering") | here("leaving")


def test_an_expression_of_many_lines(session: Session, line: Line) -> None:
    author = session.get_one(Author, 1)
    with querysafe.capture() as captured:
        told = {
            "name": author.name,
            "books": [
                book.title
                for book in author.books  # sent: within
                if book.id
            ],
        }
    assert told["books"]
    assert [query.call_site.line for query in captured if query.call_site] == [line("within")]


def test_a_chained_call_of_many_lines_names_a_line_of_it(session: Session, line: Line) -> None:
    with querysafe.capture() as captured:
        found = (
            session.execute(select(Author).where(Author.id > 0).order_by(Author.id)).scalars().all()
        )  # sent: end
    assert len(found) == 3
    (query,) = captured
    assert query.call_site is not None
    assert line("end") - 8 <= query.call_site.line <= line("end")


def test_a_jinja_template_names_the_templates_line(session: Session, line: Line) -> None:
    folder = Path(__file__).parent
    template = Environment(loader=FileSystemLoader(folder)).get_template("page.html")
    with querysafe.capture() as captured:
        template.render(authors=session.scalars(select(Author)))
    assert places(captured) == {("page.html", line("template", str(folder / "page.html")))}
    assert all(query.stack[0].template for query in loads(captured))


def test_a_template_of_a_string_and_flask(engine: Engine, line: Line) -> None:
    app = Flask(__name__)

    @app.get("/")
    def index() -> str:
        with Session(engine) as session:
            return render_template_string(  # sent: render
                "{% for author in authors %}\n{{ author.books|length }}\n{% endfor %}",
                authors=session.scalars(select(Author)).all(),  # sent: flask
            )

    with querysafe.capture() as captured:
        assert app.test_client().get("/").text.split() == ["2", "2", "2"]
    sites = {query.call_site for query in loads(captured) if query.call_site}
    assert {(Path(site.path).name, site.line) for site in sites} == {
        (Path(__file__).name, line("render"))
    }
    assert {query.context.request_name for query in captured} == {"GET /"}
    assert {query.parent.line for query in loads(captured) if query.parent} == {line("flask")}


class BookOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    title: str


class AuthorOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    name: str
    books: list[BookOut]


class AuthorWithSerializer(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    author: Author

    @field_serializer("author")
    def titles(self, author: Author) -> list[str]:
        return [book.title for book in author.books]  # sent: serializer

    @computed_field  # type: ignore[prop-decorator]
    @property
    def number(self) -> int:
        return len(self.author.books)


def test_pydantic_names_the_validation_and_the_serializer(session: Session, here: Any) -> None:
    one, two, _ = session.scalars(select(Author)).all()
    with querysafe.capture() as captured:
        assert AuthorOut.model_validate(one).books  # sent: validation
        assert AuthorWithSerializer(author=two).model_dump()["number"] == 2
    assert places(captured) == here("validation") | here("serializer")


def test_a_response_model_names_the_endpoint_and_the_parents_query(
    engine: Engine, line: Line
) -> None:
    app = FastAPI()

    def session() -> Iterator[Session]:
        with Session(engine) as session:
            yield session

    from fastapi import Depends

    @app.get("/authors", response_model=list[AuthorOut])
    def authors(session: Session = Depends(session)) -> Any:  # sent: endpoint
        return session.scalars(select(Author)).all()  # sent: response

    with querysafe.capture() as captured:
        assert len(TestClient(app).get("/authors").json()) == 3
    lazy = loads(captured)
    assert len(lazy) == 3
    assert {query.parent.line for query in lazy if query.parent} == {line("response")}
    assert {query.context.endpoint.line for query in lazy if query.context.endpoint} == {
        line("endpoint")
    }
    assert all(query.call_site is None for query in lazy)


async def test_a_strawberry_resolver_has_its_graphql_path(
    sessions: async_sessionmaker[AsyncSession], here: Any
) -> None:
    @strawberry.type(name="Book")
    class BookType:
        title: str

        @strawberry.field
        async def reviews(self) -> int:
            async with sessions() as session:
                statement = select(func.count()).select_from(Book)
                return await session.scalar(statement) or 0  # sent: resolver

    @strawberry.type(name="Author")
    class AuthorType:
        name: str
        key: strawberry.Private[int]

        @strawberry.field
        async def books(self) -> list[BookType]:
            async with sessions() as session:
                statement = select(Book).where(Book.author_id == self.key)
                return [BookType(title=each.title) for each in await session.scalars(statement)]

    @strawberry.type
    class Query:
        @strawberry.field
        async def authors(self) -> list[AuthorType]:
            async with sessions() as session:
                found = await session.scalars(select(Author))
                return [AuthorType(name=each.name, key=each.id) for each in found]

    schema = strawberry.Schema(Query)
    with querysafe.capture() as captured:
        result = await schema.execute("{ authors { name books { title reviews } } }")
    assert result.errors is None
    paths = [query.context.graphql_path for query in captured]
    assert paths[0] == "authors"
    assert paths.count("authors[].books") == 3
    assert paths.count("authors[].books[].reviews") == 6
    deepest = [query for query in captured if query.context.graphql_path.endswith("reviews")]
    assert {
        (Path(query.call_site.path).name, query.call_site.line)
        for query in deepest
        if query.call_site
    } == here("resolver")


def test_strawberry_reads_an_attribute_without_any_line_of_the_user(
    session: Session, line: Line
) -> None:
    @strawberry.type(name="Book")
    class BookType:
        title: str

    @strawberry.type(name="Author")
    class AuthorType:
        name: str
        books: list[BookType]

    @strawberry.type
    class Query:
        @strawberry.field
        def authors(self) -> list[AuthorType]:
            return session.scalars(select(Author)).all()  # type: ignore[return-value]  # sent: root

    schema = strawberry.Schema(Query)
    with querysafe.capture() as captured:
        result = schema.execute_sync("{ authors { name books { title } } }")
    assert result.errors is None
    lazy = loads(captured)
    assert [query.context.graphql_path for query in lazy] == ["authors[].books"] * 3
    assert {query.parent.line for query in lazy if query.parent} == {line("root")}


def test_what_eager_loaders_send_has_the_line_of_the_statement(session: Session, here: Any) -> None:
    with querysafe.capture() as captured:
        session.scalars(select(Author).options(selectinload(Author.books))).all()  # sent: eager
    assert places(captured) == here("eager")


def test_autoflush_names_the_line_that_read(session: Session, line: Line) -> None:
    session.add(Author(name="new"))
    with querysafe.capture() as captured:
        session.scalars(select(Book)).all()  # sent: autoflush
    written, read = captured
    assert written.orm_cause.loading is Loading.FLUSH
    assert written.call_site == read.call_site
    assert read.call_site is not None and read.call_site.line == line("autoflush")


def test_a_with_block_that_commits_names_the_with(engine: Engine, line: Line) -> None:
    with querysafe.capture() as captured, Session(engine) as session, session.begin():
        session.add(Author(name="new"))
    (query,) = captured
    assert query.call_site is not None
    assert query.call_site.function == "test_a_with_block_that_commits_names_the_with"
