"""What tests call: the fixture, the functions of the package, and ``ignore`` in an application."""

import pytest

from tests.plugin.conftest import Project

CALLS = """
import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import StaticPool, create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

import querysafe as package
import shop


@pytest.fixture
def shared():
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    yield engine
    engine.dispose()


def ask(engine, number=1):
    with engine.connect() as connection:
        for _ in range(number):
            connection.execute(text("SELECT 1"))


def test_capture(session, querysafe):
    with querysafe.capture() as captured:
        shop.products(session)
        assert len(captured) == 4
    shop.products_at_once(session)
    assert len(captured) == 4
    assert captured.statements[0].startswith("SELECT orders.id")
    assert [finding.rule.id for finding in captured.findings] == ["QS101"]
    assert captured[0].call_site.function == "products"


def test_limits_hold(session, querysafe):
    with querysafe.assert_max_queries(4), package.assert_num_queries(4):
        shop.products(session)


@pytest.mark.parametrize("limit", [querysafe for querysafe in (3, 5)])
def test_wrong_number(session, limit):
    with pytest.raises(AssertionError, match=f"^4 queries, {limit} expected\\\\n  1. shop.py:") as told:
        with package.assert_num_queries(limit):
            shop.products(session)
    assert str(told.value).count("\\n") == 4


def test_too_many(session):
    with pytest.raises(AssertionError, match="^4 queries, at most 3 allowed"):
        with package.assert_max_queries(3):
            shop.products(session)


def test_an_error_within_is_not_hidden(session):
    with pytest.raises(KeyError):
        with package.assert_num_queries(0):
            shop.products(session)
            raise KeyError


@package.assert_num_queries(4)
def counted(session, read):
    return read(session)


def test_decorator(session):
    assert len(counted(session, shop.products)) == 6
    with pytest.raises(AssertionError, match="^2 queries, 4 expected"):
        counted(session, shop.products_at_once)


def test_async_decorator():
    @package.assert_max_queries(1)
    async def asks(number):
        engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
        async with engine.connect() as connection:
            for _ in range(number):
                await connection.execute(text("SELECT 1"))
        await engine.dispose()

    asyncio.run(asks(1))
    with pytest.raises(AssertionError, match="^2 queries, at most 1 allowed"):
        asyncio.run(asks(2))


def test_tasks_are_told_apart_and_belong_to_who_started_them():
    async def one(engine, number):
        with package.capture() as captured:
            async with engine.connect() as connection:
                for _ in range(number):
                    await connection.execute(text("SELECT 1"))
                    await asyncio.sleep(0)
        return len(captured)

    async def main():
        engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
        async with engine.connect():
            pass
        with package.capture() as everything:
            counts = await asyncio.gather(one(engine, 1), one(engine, 2), one(engine, 3))
        await engine.dispose()
        return counts, len(everything)

    assert asyncio.run(main()) == ([1, 2, 3], 6)


def test_threads_count_with_the_block_that_runs_meanwhile(shared):
    with package.assert_num_queries(5):
        thread = threading.Thread(target=ask, args=(shared, 2))
        thread.start()
        thread.join()
        with ThreadPoolExecutor() as pool:
            pool.submit(ask, shared, 3).result()


def test_in_a_thread(shared):
    told = []

    def work():
        with package.capture() as captured:
            ask(shared, 2)
        told.append(len(captured))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert told == [2]


def test_nested(shared):
    with package.capture() as outer:
        ask(shared)
        with package.capture() as inner:
            ask(shared, 2)
        ask(shared)
    assert (len(outer), len(inner)) == (4, 2)


@pytest.fixture
def watched(session):
    with package.capture() as captured:
        yield captured


def test_a_fixture_may_hold_the_block_open(session, watched):
    shop.products(session)
    assert len(watched) == 4


def test_wrong_arguments_are_named():
    with pytest.raises(Exception, match="assert_max_queries got '3'"):
        package.assert_max_queries("3")
    with pytest.raises(Exception, match="cannot decorate the generator"):
        @package.assert_max_queries(3)
        def generates():
            yield
"""


def test_blocks_count_what_they_should_in_tests_tasks_and_threads(project: Project) -> None:
    project.write("test_calls.py", CALLS)
    for mode in ("report", "off"):
        result = project.run(f"--querysafe={mode}")
        assert result.parseoutcomes().keys() == {"passed"}, result.stdout.str()


IGNORES = """
import asyncio
import threading

import pytest
from sqlalchemy import StaticPool, create_engine
from sqlalchemy.orm import Session

import shop
from querysafe import ignore

quiet = ignore(reason="two rows at most")


def test_block(session):
    with ignore(reason="two rows at most"):
        shop.products(session)


def test_function(session):
    quiet(shop.products)(session)


def test_coroutine(session):
    @ignore(reason="two rows at most")
    async def read():
        await asyncio.sleep(0)
        return shop.products(session)

    assert len(asyncio.run(read())) == 6


def test_generator(session):
    @ignore(reason="two rows at most")
    def read():
        for order in session.scalars(shop.select(shop.Order)).all():
            order.lines
            yield order

    assert len(list(read())) == 3


def test_async_generator(session):
    @ignore(reason="two rows at most")
    async def read():
        for order in session.scalars(shop.select(shop.Order)).all():
            order.lines
            yield order

    async def main():
        return [order async for order in read()]

    assert len(asyncio.run(main())) == 3


def test_consumer_of_a_generator_is_not_ignored(session):
    @ignore(reason="two rows at most")
    def read():
        yield from session.scalars(shop.select(shop.Order)).all()

    for order in read():
        order.lines


def test_nested(session):
    with ignore(reason="outer"):
        with quiet:
            shop.products(session)


def test_after(session):
    with quiet:
        pass
    shop.products(session)


def test_thread(session):
    with quiet:
        thread = threading.Thread(target=shop.products, args=(session,))
        thread.start()
        thread.join()


def test_other_thread_meanwhile(session):
    with quiet:
        thread = threading.Thread(target=quiet.__enter__)
        thread.start()
        thread.join()
    shop.products(session)


def test_half(session):
    orders = session.scalars(shop.select(shop.Order)).all()
    for number, order in enumerate(orders):
        if number == 0:
            with quiet:
                order.lines
        else:
            order.lines


@pytest.fixture
def silence():
    with quiet:
        yield


def test_fixture(session, silence):
    shop.products(session)
"""


def test_ignore_suppresses_what_was_sent_within_and_nothing_else(project: Project) -> None:
    project.write("test_ignores.py", IGNORES)
    project.write(
        "conftest.py",
        (project.root / "conftest.py")
        .read_text()
        .replace(
            '{"poolclass": StaticPool}',
            '{"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}',
        ),
    )
    content = project.report()
    assert {each["outcome"] for each in content["tests"]} == {"passed"}
    told = {
        each["nodeid"].rpartition("::")[2]: (each["verdict"], each["reason"])
        for each in content["findings"]
    }
    ignored = ("suppressed", "two rows at most")
    assert told == {
        "test_block": ignored,
        "test_function": ignored,
        "test_coroutine": ignored,
        "test_generator": ignored,
        "test_async_generator": ignored,
        "test_consumer_of_a_generator_is_not_ignored": ("new", ""),
        "test_nested": ignored,
        "test_after": ("new", ""),
        "test_thread": ignored,
        "test_other_thread_meanwhile": ("new", ""),
        "test_half": ("new", ""),
        "test_fixture": ignored,
    }


def test_ignore_wants_a_reason() -> None:
    from querysafe import ignore
    from querysafe.errors import QuerysafeError

    for reason in ("", "  ", None, 3):
        with pytest.raises(QuerysafeError, match="empty reason"):
            ignore(reason=reason)  # type: ignore[arg-type]
