"""Databases of the sample applications, each filled before the test begins."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import blog.data
import blog.models
import hr.data
import hr.models
import music.data
import music.models
import pytest
import pytest_asyncio
import school.data
import school.models
import shop.data
import shop.models
import stock.tables
from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import StaticPool


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine(
        "sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool
    )
    yield engine
    engine.dispose()


@pytest.fixture
def shop_path(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    engine = create_engine(f"sqlite:///{path}")
    shop.models.Base.metadata.create_all(engine)
    with Session(engine) as session:
        shop.data.seed(session)
    engine.dispose()
    return path


@pytest.fixture
def shop_engine(shop_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{shop_path}")
    yield engine
    engine.dispose()


@pytest.fixture
def session(shop_engine: Engine) -> Iterator[Session]:
    """The shop's session."""
    with Session(shop_engine) as session:
        yield session


@pytest.fixture
def blog_path(tmp_path: Path) -> Path:
    path = tmp_path / "blog.db"
    engine = create_engine(f"sqlite:///{path}")
    blog.models.Base.metadata.create_all(engine)
    with Session(engine) as session:
        blog.data.seed(session)
    engine.dispose()
    return path


@pytest.fixture
def blog_sessions(blog_path: Path) -> Iterator[sessionmaker[Session]]:
    engine = create_engine(f"sqlite:///{blog_path}")
    yield sessionmaker(engine)
    engine.dispose()


@pytest_asyncio.fixture
async def async_blog(blog_path: Path) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{blog_path}")
    yield async_sessionmaker(engine)
    await engine.dispose()


@pytest_asyncio.fixture
async def async_shop(shop_path: Path) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{shop_path}")
    yield async_sessionmaker(engine, expire_on_commit=False)
    await engine.dispose()


def _memory(metadata, seed: Callable[[Session], None]) -> Iterator[Session]:
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    metadata.create_all(engine)
    with Session(engine) as session:
        seed(session)
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def school_session() -> Iterator[Session]:
    yield from _memory(school.models.Base.metadata, school.data.seed)


@pytest.fixture
def music_session() -> Iterator[Session]:
    yield from _memory(music.models.Base.metadata, music.data.seed)


@pytest.fixture
def hr_session() -> Iterator[Session]:
    yield from _memory(hr.models.Base.metadata, hr.data.seed)


@pytest.fixture
def stock_engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'stock.db'}")
    stock.tables.metadata.create_all(engine)
    with engine.connect() as connection:
        stock.tables.seed(connection)
    yield engine
    engine.dispose()
