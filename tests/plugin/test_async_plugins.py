"""pytest-asyncio and anyio: tests and fixtures of theirs are recorded like any other."""

from tests.plugin.conftest import Project

TESTS = """
import anyio
import asyncio
import pytest
import pytest_asyncio
from sqlalchemy import StaticPool, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import selectinload

import querysafe
import shop


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def opened():
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
    async with engine.begin() as connection:
        await connection.run_sync(shop.Base.metadata.create_all)
    async with AsyncSession(engine) as session:
        await session.run_sync(shop.fill)
        await session.run_sync(shop.products)
        session.expunge_all()
        yield session
        session.expunge_all()
        await session.run_sync(shop.products)
    await engine.dispose()


@pytest_asyncio.fixture
async def session_of_asyncio():
    async for session in opened():
        yield session


@pytest.fixture
async def session_of_anyio(anyio_backend):
    async for session in opened():
        yield session


async def naive(session):
    orders = (await session.scalars(select(shop.Order))).all()
    for order in orders:
        await session.refresh(order, ["lines"])


@pytest.mark.asyncio
async def test_asyncio(session_of_asyncio):
    await naive(session_of_asyncio)


@pytest.mark.asyncio
async def test_asyncio_cured(session_of_asyncio):
    await session_of_asyncio.run_sync(shop.products_at_once)


@pytest.mark.anyio
async def test_anyio(session_of_anyio):
    async with anyio.create_task_group() as group:
        group.start_soon(naive, session_of_anyio)


@pytest.mark.asyncio
async def test_ignored(session_of_asyncio):
    with querysafe.ignore(reason="three of them"):
        await asyncio.create_task(naive(session_of_asyncio))


@pytest.mark.anyio
@querysafe.assert_num_queries(7)
async def test_counted(session_of_anyio):
    await naive(session_of_anyio)
"""


def test_async_tests_count_their_own_queries_and_no_fixtures(project: Project) -> None:
    project.write("test_async.py", TESTS)
    project.write("pytest.ini", "[pytest]\nasyncio_mode = strict\n")
    content = project.report(apart=True, without=("-p", "no:randomly", "-p", "no:xdist"))
    queries = {each["nodeid"].partition("::")[2]: each["queries"] for each in content["tests"]}
    assert queries == {
        "test_asyncio": 7,
        "test_asyncio_cured": 2,
        "test_anyio": 7,
        "test_ignored": 7,
        "test_counted": 7,
    }
    findings = {
        (each["nodeid"].partition("::")[2], each["verdict"], each["call_sites"][0]["line"])
        for each in content["findings"]
    }
    assert findings == {
        ("test_asyncio", "new", 48),
        ("test_anyio", "new", 48),
        ("test_counted", "new", 48),
        ("test_ignored", "suppressed", 48),
    }
