"""Tests that send queries, to be measured: ``BENCH_TESTS`` of them, ``BENCH_QUERIES`` each.

``BENCH_WARM_UP`` more come before.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shop
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

sys.path.insert(0, str(Path(__file__).with_name("site-packages")))
from middleware import through

URL = os.environ["BENCH_URL"]
TESTS = int(os.environ["BENCH_WARM_UP"]) + int(os.environ["BENCH_TESTS"])
QUERIES = int(os.environ["BENCH_QUERIES"])
WORKLOAD = os.environ["BENCH_WORKLOAD"]
DEPTH = 40
ROWS = 200
ASYNC = "+aiosqlite" in URL or "+asyncpg" in URL

if ASYNC:  # a synchronous project has not imported greenlet
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

arguments: dict[str, Any] = {"poolclass": StaticPool} if ":memory:" in URL else {}
engine: Any = None
loop = asyncio.new_event_loop()


@pytest.fixture(scope="session", autouse=True)
def database() -> Any:
    global engine
    if ASYNC:
        engine = create_async_engine(URL, **arguments)

        async def prepare() -> None:
            async with engine.begin() as connection:
                await connection.run_sync(shop.fill, ROWS)

        loop.run_until_complete(prepare())
        yield
        loop.run_until_complete(engine.dispose())
        loop.close()
        return
    engine = create_engine(URL, **arguments)
    with engine.begin() as connection:
        shop.fill(connection, ROWS)
    yield
    engine.dispose()


def orm(session: Session) -> None:
    """One query again and again."""
    for number in range(1, QUERIES + 1):
        shop.order(session, number)


def lazy(session: Session) -> None:
    """One query for the parents and one lazy load for each."""
    shop.all_lines(session, QUERIES - 1)


def deep(session: Session) -> None:
    """As :func:`orm`, below forty frames of a framework."""
    for number in range(1, QUERIES + 1):
        through(DEPTH, shop.order, session, number)


def few(session: Session) -> None:
    """Different queries, as most tests have them: nothing to find."""
    for number, ask in enumerate(
        (shop.order, shop.lines, shop.joined, shop.dear, shop.named)[:QUERIES], 1
    ):
        ask(session, str(number) if ask is shop.named else number)


def core(connection: Any) -> None:
    for number in range(1, QUERIES + 1):
        shop.core(connection, number)


def run() -> None:
    body: Callable[[Any], None] = globals()[WORKLOAD]
    if not ASYNC:
        with engine.connect() if WORKLOAD == "core" else Session(engine) as target:
            body(target)
        return

    async def main() -> None:
        if WORKLOAD == "core":
            async with engine.connect() as connection:
                await connection.run_sync(body)
        elif WORKLOAD == "orm":
            await awaited()
        else:
            async with AsyncSession(engine) as session:
                await session.run_sync(body)

    loop.run_until_complete(main())


async def awaited() -> None:
    """As :func:`orm`, each query awaited: a greenlet each."""
    async with AsyncSession(engine) as session:
        for number in range(1, QUERIES + 1):
            await session.run_sync(shop.order, number)


@pytest.mark.parametrize("time", range(TESTS))
def test_queries(time: int) -> None:
    run()
