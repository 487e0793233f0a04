"""Where the lexicon's database is, read from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import URL, make_url

DEFAULT_URL = "postgresql://localhost/lexicon"
SYNC_DRIVERS = {"postgresql": "postgresql+psycopg", "sqlite": "sqlite+pysqlite"}
ASYNC_DRIVERS = {"postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator sets."""

    database_url: URL

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        return cls(database_url=make_url(environment.get("LEXICON_DATABASE_URL", DEFAULT_URL)))


def sync_url(url: str | URL) -> URL:
    """Name the blocking driver: psycopg or sqlite3."""
    parsed = make_url(url)
    return parsed.set(drivername=SYNC_DRIVERS[parsed.get_backend_name()])


def async_url(url: str | URL, driver: str | None = None) -> URL:
    """Name the asyncio driver: asyncpg (or the one given) or aiosqlite."""
    parsed = make_url(url)
    return parsed.set(drivername=driver or ASYNC_DRIVERS[parsed.get_backend_name()])
