"""Engines and session factories, blocking and asyncio."""

from typing import Any

from sqlalchemy import URL, Engine, MetaData, create_engine, event
from sqlalchemy.ext.asyncio import (
    AsyncAttrs,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from tests.lexicon.core.config import async_url, sync_url

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(AsyncAttrs, DeclarativeBase):
    """Every table of the lexicon."""

    metadata = MetaData(naming_convention=NAMES)


def make_engine(url: str | URL, **options: Any) -> Engine:
    """Create a blocking engine; on SQLite foreign keys are enforced."""
    engine = create_engine(sync_url(url), **options)
    _enforce_foreign_keys(engine)
    return engine


def make_async_engine(url: str | URL, *, driver: str | None = None, **options: Any) -> AsyncEngine:
    """Create an asyncio engine; ``driver`` is ``postgresql+psycopg`` to leave asyncpg."""
    engine = create_async_engine(async_url(url, driver), **options)
    _enforce_foreign_keys(engine.sync_engine)
    return engine


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    return sessionmaker(engine)


def make_async_sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, expire_on_commit=False)


def _enforce_foreign_keys(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()
