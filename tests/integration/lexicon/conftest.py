"""Loaded databases to try the lexicon on."""

from collections.abc import Iterator

import pytest
from sqlalchemy import URL, Engine
from sqlalchemy.pool import NullPool

from tests.lexicon.core.database import make_engine
from tests.lexicon.suite.databases import (
    PostgresTemplate,
    SqliteTemplate,
    Template,
    server_for,
)


@pytest.fixture(scope="session")
def lexicon_server(request: pytest.FixtureRequest) -> URL:
    """A database of a PostgreSQL server."""
    return server_for(request)


@pytest.fixture(scope="session")
def sqlite_slice(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The slice of the lexicon in SQLite."""
    return SqliteTemplate.build(tmp_path_factory.mktemp("lexicon"))


@pytest.fixture(scope="session")
def postgres_slice(lexicon_server: URL) -> Iterator[Template]:
    """The slice of the lexicon in PostgreSQL, made by the migrations."""
    with PostgresTemplate.build(lexicon_server) as template:
        yield template


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def slice_template(request: pytest.FixtureRequest) -> Template:
    """The slice, on each database."""
    return request.getfixturevalue(f"{request.param}_slice")


@pytest.fixture(scope="session")
def loaded(slice_template: Template) -> Iterator[Engine]:
    """An engine on a copy of the slice, on each database, to read from."""
    with slice_template.copy() as url:
        engine = make_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def postgres_copy(postgres_slice: Template) -> Iterator[Engine]:
    """An engine on a copy of the slice in PostgreSQL, to change as one likes."""
    with postgres_slice.copy() as url:
        engine = make_engine(url, poolclass=NullPool)
        yield engine
        engine.dispose()


@pytest.fixture
def empty_postgres(lexicon_server: URL) -> Iterator[Engine]:
    """An engine on a database of PostgreSQL without tables."""
    bare = PostgresTemplate(lexicon_server.set(database="template1"))
    with bare.copy() as url:
        engine = make_engine(url, poolclass=NullPool)
        yield engine
        engine.dispose()
