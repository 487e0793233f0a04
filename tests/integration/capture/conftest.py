"""Engines of every driver, filled with books, and the lines that comments mark."""

import inspect
import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session

from tests.integration.capture.books import fill


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "books.db"
    engine = create_engine(f"sqlite:///{path}")
    fill(engine)
    engine.dispose()
    return path


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


@pytest.fixture
async def async_engine(path: Path) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    yield engine
    await engine.dispose()


@pytest.fixture
def sessions(async_engine: AsyncEngine) -> async_sessionmaker:
    return async_sessionmaker(async_engine)


@pytest.fixture
def line(request: pytest.FixtureRequest) -> Callable[..., int]:
    """The number of the line with the comment ``# sent: <word>`` in a file, or the test's."""

    def of(word: str, file: str = "") -> int:
        text = Path(file or inspect.getfile(request.module)).read_text().splitlines()
        marker = re.compile(rf"(#|--) sent: {re.escape(word)}( #\}})?$")
        (found,) = [number for number, each in enumerate(text, 1) if marker.search(each)]
        return found

    return of
