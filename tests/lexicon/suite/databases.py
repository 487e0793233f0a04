"""Copies of a loaded database: one that all reading tests share, one for each that writes."""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest
from sqlalchemy import URL, make_url, text
from sqlalchemy.pool import NullPool

from tests.lexicon.core.database import make_engine
from tests.lexicon.data.loader import Size, load
from tests.lexicon.migrations import upgrade
from tests.lexicon.models import Base


def server_for(request: pytest.FixtureRequest) -> URL:
    """The URL of the maintenance database of querysafe's server."""
    cluster = request.getfixturevalue("querysafe_postgres_server")
    return make_url(cluster.url())


class Template(Protocol):
    """A loaded database that nobody connects to; ``copy`` yields the URL of a fresh copy."""

    def copy(self) -> AbstractContextManager[URL]: ...


@dataclass(frozen=True, slots=True)
class SqliteTemplate:
    """A file with the slice of the data, made from the metadata."""

    file: Path

    @classmethod
    def build(cls, directory: Path) -> "SqliteTemplate":
        file = directory / "lexicon-template.db"
        engine = make_engine(URL.create("sqlite", database=str(file)))
        Base.metadata.create_all(engine)
        load(engine, Size.SLICE)
        engine.dispose()
        return cls(file)

    @contextmanager
    def copy(self) -> Iterator[URL]:
        copied = self.file.with_name(f"{uuid4().hex}.db")
        shutil.copyfile(self.file, copied)
        yield URL.create("sqlite", database=str(copied))
        copied.unlink()


@dataclass(frozen=True, slots=True)
class PostgresTemplate:
    """A database of a PostgreSQL server, copied by ``CREATE DATABASE … TEMPLATE``."""

    url: URL

    @classmethod
    @contextmanager
    def build(cls, empty: URL) -> Iterator["PostgresTemplate"]:
        """Migrate and load the slice into a new database of the server of ``empty``."""
        name = f"lexicon_template_{uuid4().hex[:12]}"
        template = cls(empty.set(database=name))
        template._administer(f"CREATE DATABASE {name}")
        try:
            engine = make_engine(template.url, poolclass=NullPool)
            upgrade(engine)
            load(engine, Size.SLICE)
            engine.dispose()
            yield template
        finally:
            template._administer(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def copy(self) -> Iterator[URL]:
        name = f"lexicon_{uuid4().hex[:12]}"
        self._administer(
            f'CREATE DATABASE {name} TEMPLATE "{self.url.database}" STRATEGY FILE_COPY'
        )
        try:
            yield self.url.set(database=name)
        finally:
            self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def _administer(self, statement: str) -> None:
        engine = make_engine(
            self.url.set(database="postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()
