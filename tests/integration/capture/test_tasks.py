"""Threads, tasks, pools and requests: each query is heard once, with its own line and owner."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import anyio
import anyio.to_thread
import pytest
from fastapi import BackgroundTasks, FastAPI
from fastapi.testclient import TestClient
from flask import Flask
from httpx import ASGITransport, AsyncClient
from sqlalchemy import Engine, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

import querysafe
from querysafe.query import CapturedQuery, Loading
from tests.integration.capture.books import Author, Book, Tag

Sessions = async_sessionmaker[AsyncSession]
Line = Callable[..., int]


def lines(captured: object) -> list[int]:
    return [query.call_site.line for query in captured if query.call_site]  # type: ignore[attr-defined]


def name_of(engine: Engine, key: int) -> str:
    with Session(engine) as session:
        return session.get_one(Author, key).name  # sent: name_of


async def name_in(sessions: Sessions, key: int) -> str:
    async with sessions() as session:
        return (await session.get_one(Author, key)).name  # sent: name_in


def test_a_plain_thread(engine: Engine, line: Line) -> None:
    with querysafe.capture() as captured:
        thread = threading.Thread(target=name_of, args=(engine, 1))
        thread.start()
        thread.join()
    assert lines(captured) == [line("name_of")]


def test_a_thread_pool_tells_its_threads_apart_from_the_caller(engine: Engine, line: Line) -> None:
    with querysafe.capture() as captured, ThreadPoolExecutor(2) as pool:
        name_of(engine, 1)
        assert list(pool.map(lambda key: name_of(engine, key), (1, 2, 3)))
    assert lines(captured) == [line("name_of")] * 4
    tasks = [query.context.task for query in captured]
    assert tasks[0] not in tasks[1:]


def test_lines_below_a_thread_end_where_the_thread_begins(engine: Engine) -> None:
    with querysafe.capture() as captured, ThreadPoolExecutor(1) as pool:
        pool.submit(name_of, engine, 1).result()
    (query,) = captured
    assert [frame.site.function for frame in query.stack] == ["name_of"]


async def test_gather_task_group_and_timeout(sessions: Sessions, line: Line) -> None:
    with querysafe.capture() as captured:
        await asyncio.gather(name_in(sessions, 1), name_in(sessions, 2))
        async with asyncio.TaskGroup() as group:
            group.create_task(name_in(sessions, 1))
            group.create_task(name_in(sessions, 3))
        async with asyncio.timeout(30):
            await name_in(sessions, 1)
        await asyncio.wait_for(name_in(sessions, 2), 30)
    assert lines(captured) == [line("name_in")] * 6
    assert len({query.context.task for query in captured[:5]}) == 5


async def test_executor_to_thread_and_anyio(engine: Engine, sessions: Sessions, line: Line) -> None:
    with querysafe.capture() as captured:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, name_of, engine, 1)
        await asyncio.to_thread(name_of, engine, 2)
        await anyio.to_thread.run_sync(name_of, engine, 3)
        async with anyio.create_task_group() as group:
            group.start_soon(name_in, sessions, 1)
            group.start_soon(name_in, sessions, 2)
    assert lines(captured) == [line("name_of")] * 3 + [line("name_in")] * 2


async def test_anyio_calls_back_from_a_thread(sessions: Sessions, line: Line) -> None:
    def work() -> str:
        return anyio.from_thread.run(name_in, sessions, 1)

    with querysafe.capture() as captured:
        assert await anyio.to_thread.run_sync(work) == "author 1"
    assert lines(captured) == [line("name_in")]


async def test_run_sync_walks_through_the_greenlet(sessions: Sessions, line: Line) -> None:
    def titles(session: Session) -> list[str]:
        author = session.get_one(Author, 1)  # sent: sync get
        return author.titles

    with querysafe.capture() as captured:
        async with sessions() as session:
            await session.run_sync(titles)  # sent: run_sync
    read, lazy = captured
    assert [frame.site.line for frame in read.stack][:2] == [line("sync get"), line("run_sync")]
    assert lazy.call_site is not None and lazy.call_site.function == "titles"
    assert lazy.parent == read.call_site


async def test_a_commit_in_a_shielded_task_names_the_async_with(
    sessions: Sessions, line: Line
) -> None:
    with querysafe.capture() as captured:
        async with sessions.begin() as session:  # sent: begin
            session.add(Tag(name="new"))
    (query,) = captured
    assert query.orm_cause.loading is Loading.FLUSH
    assert lines(captured) == [line("begin")]


async def test_an_async_generator_consumed_elsewhere(sessions: Sessions, line: Line) -> None:
    async def pages():  # type: ignore[no-untyped-def]
        for key in (1, 2):
            yield await name_in(sessions, key)

    with querysafe.capture() as captured:
        assert [name async for name in pages()] == ["author 1", "author 2"]
    assert lines(captured) == [line("name_in")] * 2
    assert captured[0].stack[1].site.function == "pages"


async def test_a_task_that_outlives_its_block_belongs_to_it(sessions: Sessions) -> None:
    begun = asyncio.Event()
    go_on = asyncio.Event()

    async def late() -> None:
        begun.set()
        await go_on.wait()
        await name_in(sessions, 1)

    with querysafe.capture() as first:
        task = asyncio.create_task(late())
        await begun.wait()
    with querysafe.capture() as second:
        go_on.set()
        await task
    assert len(first) == 0
    assert len(second) == 0


async def test_a_context_given_by_hand_is_respected(sessions: Sessions) -> None:
    outside = contextvars.copy_context()
    with querysafe.capture() as captured:
        await asyncio.create_task(name_in(sessions, 1), context=outside)
    assert len(captured) == 0


@pytest.fixture
def app(engine: Engine) -> FastAPI:
    app = FastAPI()

    @app.get("/authors/{key}")
    def author(key: int) -> list[str]:
        with Session(engine) as session:
            found = session.get_one(Author, key)
            return [book.title for book in found.books]

    @app.post("/tags")
    def tag(tasks: BackgroundTasks) -> None:
        tasks.add_task(later)

    def later() -> None:
        with Session(engine) as session:
            session.add(Tag(name="later"))
            session.commit()  # sent: background

    return app


def requests_of(queries: object) -> list[tuple[int, str]]:
    found: dict[int, str] = {}
    for query in queries:  # type: ignore[attr-defined]
        assert isinstance(query, CapturedQuery)
        found[query.context.request] = query.context.request_name
    return sorted(found.items())


def test_requests_of_a_test_client_are_told_apart(app: FastAPI, engine: Engine) -> None:
    with querysafe.capture() as captured, TestClient(app) as client:
        assert client.get("/authors/1").json() == ["book 1", "book 2"]
        assert client.get("/authors/2").json() == ["book 3", "book 4"]
        name_of(engine, 1)
    assert [query.context.request for query in captured] == [1, 1, 2, 2, 0]
    assert {name for _, name in requests_of(captured)} == {"GET /authors/{key}", ""}
    assert {query.context.endpoint.function for query in captured if query.context.endpoint} == {
        "author"
    }


SECRET = "WyJkZW1vIl0.ZTk3Yg.Jq8R1TnV0cQ5jQ2mQyQ0eX3w7bU"


def test_no_request_is_called_by_a_secret_of_its_path(engine: Engine) -> None:
    def join(request: Request) -> Response:
        return Response(name_of(engine, 1))

    starlette = Starlette(
        routes=[Route("/join/{token}", join), Mount("/any", app=lambda *_: missing(*_))]
    )

    async def missing(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(name_of(engine, 1))(scope, receive, send)

    flask = Flask(__name__)
    flask.add_url_rule("/join/<token>", "join", lambda token: name_of(engine, 1))
    flask.register_error_handler(404, lambda _: name_of(engine, 1))
    with querysafe.capture() as captured:
        client, other = TestClient(starlette), flask.test_client()
        client.get(f"/join/{SECRET}?key={SECRET}")
        client.get(f"/any/{SECRET}")
        other.get(f"/join/{SECRET}?key={SECRET}")
        other.get(f"/nowhere/{SECRET}")
    assert [name for _, name in requests_of(captured)] == [
        "GET /join/{token}",
        "GET /any",
        "GET /join/<token>",
        "GET /nowhere/…",
    ]
    assert not any(SECRET in str(query.to_event()) for query in captured)
    endpoints = [query.context.endpoint for query in captured]
    assert "join" in {each.function for each in endpoints if each is not None}


async def test_concurrent_requests_are_told_apart(app: FastAPI) -> None:
    transport = ASGITransport(app)
    with querysafe.capture() as captured:
        async with AsyncClient(transport=transport, base_url="http://test") as client:
            await asyncio.gather(*(client.get(f"/authors/{key}") for key in (1, 2, 3)))
    numbers = [query.context.request for query in captured]
    assert sorted(numbers) == [1, 1, 2, 2, 3, 3]


def test_a_background_task_belongs_to_its_request(app: FastAPI, line: Line) -> None:
    with querysafe.capture() as captured:
        assert TestClient(app).post("/tags").status_code == 200
    assert lines(captured) == [line("background")]
    assert requests_of(captured) == [(1, "POST /tags")]


def test_a_thread_of_one_test_does_not_count_for_the_next(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import threading, time
        import pytest
        from sqlalchemy import create_engine, text
        from sqlalchemy.pool import StaticPool

        engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        go_on, done = threading.Event(), threading.Event()

        def straggle():
            go_on.wait(20)
            for _ in range(3):
                with engine.connect() as connection:
                    connection.execute(text("SELECT 'straggler'"))
            done.set()

        def test_a():
            with engine.connect() as connection:
                connection.execute(text("SELECT 'a'"))
            threading.Thread(target=straggle, daemon=True).start()

        @pytest.mark.querysafe(max_queries=1)
        def test_b():
            go_on.set()
            assert done.wait(20)
            with engine.connect() as connection:
                connection.execute(text("SELECT 'b'"))
        """
    )
    result = pytester.runpytest_subprocess(
        "-p", "no:randomly", "-p", "no:xdist", "--querysafe=check", timeout=120
    )
    result.assert_outcomes(passed=2)


def test_a_pool_and_a_server_thread_of_a_wider_fixture_serve_every_test(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import queue, threading
        from concurrent.futures import ThreadPoolExecutor
        import pytest
        from sqlalchemy import create_engine, text
        from sqlalchemy.pool import StaticPool

        engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        pool = ThreadPoolExecutor(1)

        def ask():
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))

        @pytest.fixture(scope="session")
        def server():
            asked, answered = queue.Queue(), queue.Queue()

            def serve():
                while asked.get():
                    ask()
                    answered.put(True)

            thread = threading.Thread(target=serve)
            thread.start()
            yield lambda: (asked.put(True), answered.get(timeout=20))
            asked.put(None)
            thread.join()

        def test_first(server, querysafe):
            server()
            pool.submit(ask).result()

        def test_second(server, querysafe):
            with querysafe.capture() as captured:
                server()
                pool.submit(ask).result()
            assert len(captured) == 2
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:xdist", timeout=120)
    result.assert_outcomes(passed=2)


async def test_streams_are_read_where_they_are_consumed(sessions: Sessions, line: Line) -> None:
    with querysafe.capture() as captured:
        async with sessions() as session:
            found = await session.stream_scalars(select(Book))  # sent: stream
            assert len([book async for book in found]) == 6
    assert lines(captured) == [line("stream")]
