"""Databases, sessions and clients of the lexicon's suite.

``--lexicon-database=sqlite|postgres`` or ``LEXICON_DATABASE`` chooses (default: postgres);
``LEXICON_DATABASE_URL`` names a PostgreSQL database that is migrated and loaded already.
"""

import os
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from sqlalchemy import Engine, make_url, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker
from starlette.testclient import TestClient

from tests.lexicon.apps import create_app
from tests.lexicon.core.database import (
    make_async_engine,
    make_async_sessions,
    make_engine,
    make_sessions,
)
from tests.lexicon.models import Concept, Language
from tests.lexicon.suite.databases import (
    PostgresTemplate,
    SqliteTemplate,
    Template,
    server_for,
)
from tests.lexicon.variants import VARIANTS, Variant, VariantName


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--lexicon-database",
        choices=("postgres", "sqlite"),
        help="run the lexicon's suite on PostgreSQL (default) or SQLite",
    )


@pytest.fixture(scope="session")
def lexicon_template(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Template]:
    """The loaded database that every other is copied from."""
    chosen = request.config.getoption("--lexicon-database", None) or os.environ.get(
        "LEXICON_DATABASE", "postgres"
    )
    loaded = os.environ.get("LEXICON_DATABASE_URL")
    if chosen == "sqlite":
        yield SqliteTemplate.build(tmp_path_factory.mktemp("lexicon"))
    elif loaded:
        yield PostgresTemplate(make_url(loaded))
    else:
        with PostgresTemplate.build(server_for(request)) as template:
            yield template


@pytest.fixture(scope="session")
def shared_engine(lexicon_template: Template) -> Iterator[Engine]:
    """An engine on the copy that reading tests share."""
    with lexicon_template.copy() as url:
        engine = make_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def sessions(shared_engine: Engine) -> sessionmaker[Session]:
    """Sessions for reading."""
    return make_sessions(shared_engine)


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """A session for reading."""
    with sessions() as session:
        yield session


@pytest.fixture
def scratch_sessions(lexicon_template: Template) -> Iterator[sessionmaker[Session]]:
    """Sessions on a copy of this test's own, to write to."""
    with lexicon_template.copy() as url:
        engine = make_engine(url)
        yield make_sessions(engine)
        engine.dispose()


@pytest.fixture
def scratch(scratch_sessions: sessionmaker[Session]) -> Iterator[Session]:
    """A session on a copy of this test's own, to write to."""
    with scratch_sessions() as session:
        yield session


@pytest.fixture
async def async_sessions(shared_engine: Engine) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    """Asyncio sessions for reading, on this test's event loop."""
    engine = make_async_engine(shared_engine.url)
    yield make_async_sessions(engine)
    await engine.dispose()


@pytest.fixture
async def async_session(
    async_sessions: async_sessionmaker[AsyncSession],
) -> AsyncIterator[AsyncSession]:
    """An asyncio session for reading."""
    async with async_sessions() as session:
        yield session


@pytest.fixture(params=["naive", "cured"])
def variant(request: pytest.FixtureRequest) -> VariantName:
    """Every test runs with the mistakes and without."""
    return request.param


@pytest.fixture
def lexicon(variant: VariantName) -> Variant:
    """The services of the variant."""
    return VARIANTS[variant]


@pytest.fixture
def client(sessions: sessionmaker[Session], variant: VariantName) -> Iterator[TestClient]:
    """A client of the blocking part of the application."""
    with TestClient(create_app(sessions, variant=variant)) as client:
        yield client


@pytest.fixture
async def async_client(
    async_sessions: async_sessionmaker[AsyncSession], variant: VariantName
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the asyncio part of the application, on this test's event loop."""
    transport = httpx.ASGITransport(create_app(None, async_sessions, variant=variant))
    async with httpx.AsyncClient(transport=transport, base_url="http://lexicon") as client:
        yield client


@pytest.fixture(scope="session")
def concept_ids(shared_engine: Engine) -> dict[str, int]:
    """Ids of the concepts by ``kind/code``."""
    with shared_engine.connect() as connection:
        rows = connection.execute(select(Concept.kind, Concept.code, Concept.id))
        return {f"{kind}/{code}": number for kind, code, number in rows}


@pytest.fixture(scope="session")
def language_ids(shared_engine: Engine) -> dict[str, int]:
    """Ids of the languages by tag."""
    with shared_engine.connect() as connection:
        return dict(connection.execute(select(Language.tag, Language.id)).all())
