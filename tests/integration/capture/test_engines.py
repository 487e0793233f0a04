"""Every engine of the process, whatever its driver and whenever it was created."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.pool import NullPool, StaticPool

import querysafe
from querysafe.postgres.cluster import Database
from querysafe.query import Kind, Loading
from tests.integration.capture.books import Author, Book, Tag, fill

SYNC = ("sqlite", "psycopg")
ASYNC = ("aiosqlite", "asyncpg", "psycopg")


@pytest.fixture(params=SYNC)
def any_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{request.getfixturevalue('path')}")
    else:
        database: Database = request.getfixturevalue("querysafe_postgres")
        engine = create_engine(database.url)
        fill(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=ASYNC)
async def any_async_engine(
    request: pytest.FixtureRequest, path: Path
) -> AsyncIterator[AsyncEngine]:
    if request.param == "aiosqlite":
        engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    else:
        database: Database = request.getfixturevalue("querysafe_postgres")
        filled = create_engine(database.url)
        fill(filled)
        filled.dispose()
        url = database.async_url if request.param == "asyncpg" else database.url
        engine = create_async_engine(url)
    yield engine
    await engine.dispose()


def test_each_sync_driver_tells_statements_parameters_rows_and_lines(
    any_engine: Engine, line: Callable[[str], int]
) -> None:
    with querysafe.capture() as captured, Session(any_engine) as session:
        authors = session.scalars(
            select(Author).where(Author.id > 1).options(selectinload(Author.books))
        ).all()  # sent: nowhere
        assert [len(author.books) for author in authors] == [2, 2]
        session.execute(insert(Tag).values(name="new"))  # sent: insert
    read, eager, written = captured
    assert read.kind is Kind.SELECT
    assert read.orm_cause.loading is Loading.STATEMENT
    assert read.orm_cause.entity == "Author"
    assert [value for _, value in read.params.values] == [1]
    assert read.call_site is not None
    assert line("nowhere") - 2 <= read.call_site.line <= line("nowhere")
    assert eager.orm_cause.loading is Loading.EAGER
    assert eager.orm_cause.path == ("Author.books",)
    assert written.kind is Kind.INSERT
    assert written.call_site is not None and written.call_site.line == line("insert")
    assert read.context.engine == f"{any_engine.dialect.name}+{any_engine.dialect.driver}"
    assert all(query.duration_seconds > 0 and query.error is None for query in captured)


async def test_each_async_driver_tells_the_line_that_awaited(
    any_async_engine: AsyncEngine, line: Callable[[str], int]
) -> None:
    with querysafe.capture() as captured:
        async with async_sessionmaker(any_async_engine)() as session:
            author = await session.get_one(Author, 1)  # sent: get
            await session.refresh(author, ["books"])  # sent: refresh
            assert len(author.books) == 2
            assert len((await session.execute(text("SELECT 1"))).all()) == 1  # sent: text
    told = [
        (query.call_site.line if query.call_site else 0, query.orm_cause.loading)
        for query in captured
    ]
    assert told == [
        (line("get"), Loading.STATEMENT),
        (line("refresh"), Loading.LAZY),
        (line("text"), Loading.CORE),
    ] or told == [
        (line("get"), Loading.STATEMENT),
        (line("refresh"), Loading.COLUMN),
        (line("refresh"), Loading.LAZY),
        (line("text"), Loading.CORE),
    ]
    assert captured[0].orm_cause.lookup


async def test_core_and_streams_of_each_async_driver(
    any_async_engine: AsyncEngine, line: Callable[[str], int]
) -> None:
    with querysafe.capture() as captured:
        async with any_async_engine.connect() as connection:
            result = await connection.stream(select(Book.id).order_by(Book.id))  # sent: stream
            assert [row.id async for row in result] == [1, 2, 3, 4, 5, 6]
    assert [query.call_site.line for query in captured if query.call_site] == [line("stream")]


def test_an_engine_made_before_anyone_listened_is_heard(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        conftest="""
        from sqlalchemy import create_engine, text
        engine = create_engine("sqlite://")
        with engine.connect() as connection:
            connection.execute(text("SELECT 'before'"))
        """,
        test_early="""
        from conftest import engine
        from sqlalchemy import create_engine, text

        late = create_engine("sqlite://")

        def test_both(querysafe):
            with querysafe.capture() as captured:
                with engine.connect() as one, late.connect() as other:
                    one.execute(text("SELECT 'early'"))
                    other.execute(text("SELECT 'late'"))
            assert captured.statements == ("SELECT 'early'", "SELECT 'late'")
            assert captured[0].context.database != captured[1].context.database
        """,
    )
    result = pytester.runpytest_subprocess("-p", "no:randomly", timeout=120)
    result.assert_outcomes(passed=1)


def test_engines_of_one_test_are_told_apart(path: Path) -> None:
    first, second = create_engine(f"sqlite:///{path}"), create_engine("sqlite://")
    with querysafe.capture() as captured:
        for each in (first, second, first):
            with each.connect() as connection:
                connection.execute(text("SELECT 1"))
    numbers = [query.context.database for query in captured]
    assert numbers[0] == numbers[2] != numbers[1]
    first.dispose()
    second.dispose()


def test_an_engine_with_execution_options_is_the_same_database(engine: Engine) -> None:
    quick = engine.execution_options(isolation_level="AUTOCOMMIT")
    with querysafe.capture() as captured:
        for each in (engine, quick):
            with each.connect() as connection:
                connection.execute(text("SELECT 1"))
    assert len({query.context.database for query in captured}) == 1


@pytest.mark.parametrize("pool", [NullPool, StaticPool])
def test_pools_change_nothing(path: Path, pool: type) -> None:
    engine = create_engine(f"sqlite:///{path}", poolclass=pool)
    with querysafe.capture() as captured, engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    assert captured.statements == ("SELECT 1",)
    engine.dispose()


def test_driver_sql_and_text_are_heard_with_their_own_words(any_engine: Engine) -> None:
    mark = "?" if any_engine.dialect.name == "sqlite" else "%s"
    with querysafe.capture() as captured, any_engine.connect() as connection:
        connection.exec_driver_sql(f"SELECT name FROM authors WHERE id = {mark}", (1,))
        connection.execute(text("SELECT name FROM authors WHERE id = :id"), {"id": 2})
    assert captured[0].statement == f"SELECT name FROM authors WHERE id = {mark}"
    assert [value for _, value in captured[1].params.values] == [2]


def test_executemany_is_one_round_trip(any_engine: Engine) -> None:
    rows = [{"name": f"n{n}"} for n in range(40)]
    with querysafe.capture() as captured, any_engine.begin() as connection:
        connection.execute(insert(Tag), rows)
        connection.execute(
            text("UPDATE tags SET name = :new WHERE name = :old"),
            [{"old": f"n{n}", "new": f"m{n}"} for n in range(40)],
        )
    assert [(query.executemany, query.params.sets, query.calls) for query in captured] == [
        (True, 40, 1),
        (True, 40, 1),
    ]


def test_a_flush_of_many_rows_is_one_flush_however_it_is_sent(any_engine: Engine) -> None:
    with querysafe.capture() as captured, Session(any_engine) as session:
        session.add_all([Tag(name=f"n{n}") for n in range(40)])
        session.flush()
        session.add_all([Tag(name="one more")])
        session.flush()
    flushes = [query.context.flush for query in captured]
    assert len(set(flushes)) == 2 and all(flushes)
    assert {query.orm_cause.loading for query in captured} == {Loading.FLUSH}
    assert sum(query.params.sets for query in captured) == 41
    if any_engine.dialect.name == "postgresql":
        assert [query.params.sets for query in captured] == [40, 1]


def test_an_error_of_the_driver_is_captured_by_its_class_alone(
    any_engine: Engine, line: Callable[[str], int]
) -> None:
    with querysafe.capture() as captured, any_engine.connect() as connection:
        with pytest.raises((OperationalError, ProgrammingError)):
            connection.execute(text("SELECT secret FROM nowhere"))  # sent: error
        connection.rollback()
        connection.execute(text("SELECT 1"))
    wrong, right = captured
    assert wrong.error in ("OperationalError", "UndefinedTable")
    assert wrong.call_site is not None and wrong.call_site.line == line("error")
    assert right.error is None
    assert wrong.context.transaction != right.context.transaction


async def test_an_error_of_an_async_driver_is_captured(any_async_engine: AsyncEngine) -> None:
    with querysafe.capture() as captured:
        async with any_async_engine.connect() as connection:
            with pytest.raises(DBAPIError):
                await connection.execute(text("SELECT secret FROM nowhere"))
    (query,) = captured
    assert query.error
    assert "secret" not in query.error


def test_a_savepoint_that_fails_is_another_transaction_than_the_next(any_engine: Engine) -> None:
    with querysafe.capture() as captured, Session(any_engine) as session:
        for name in ("tag 1", "new"):
            try:
                with session.begin_nested():
                    session.add(Tag(name=name))
                    session.flush()
            except IntegrityError:
                continue
    inserts = [query for query in captured if query.kind is Kind.INSERT]
    assert [bool(query.error) for query in inserts] == [True, False]
    assert inserts[0].context.transaction != inserts[1].context.transaction


def test_the_first_connection_of_an_engine_counts_as_nothing(querysafe_postgres: Database) -> None:
    engine = create_engine(querysafe_postgres.url)
    with querysafe.capture() as captured, engine.connect() as connection:
        connection.execute(text("SELECT 'mine'"))
    assert captured.statements == ("SELECT 'mine'",)
    engine.dispose()


def test_listeners_of_the_application_still_have_their_say(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    seen: list[str] = []

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def comment(connection, cursor, statement, parameters, context, executemany):  # type: ignore[no-untyped-def]
        seen.append(statement)
        return f"{statement} /* traced */", parameters

    with querysafe.capture() as captured, engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert seen == ["SELECT 1"]
    assert captured.statements == ("SELECT 1 /* traced */",)
    engine.dispose()


async def test_run_sync_and_gather_share_one_engine(any_async_engine: AsyncEngine) -> None:
    sessions = async_sessionmaker(any_async_engine)

    async def one(key: int) -> str:
        async with sessions() as session:
            return (await session.get_one(Author, key)).name

    def many(session: Session) -> int:
        return len(session.scalars(select(Author)).all())

    with querysafe.capture() as captured:
        names = await asyncio.gather(one(1), one(2), one(3))
        async with sessions() as session:
            assert await session.run_sync(many) == 3
    assert names == ["author 1", "author 2", "author 3"]
    assert len(captured) == 4
    assert len({query.context.task for query in captured}) == 4
    assert [query.call_site.function for query in captured if query.call_site] == [
        "one",
        "one",
        "one",
        "many",
    ]
