"""What a connection is in the middle of, and which database it talks to."""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine

_MEMORY = ("", ":memory:", None)


def is_idle(connection: Connection) -> bool:
    """Whether the driver has no transaction open; ``False`` when it does not tell."""
    driver = connection.connection.driver_connection
    name = connection.dialect.driver
    if name in ("pysqlite", "aiosqlite"):
        return not getattr(driver, "in_transaction", True)
    if name in ("psycopg", "psycopg_async"):
        return int(driver.info.transaction_status) == 0  # type: ignore[union-attr]
    if name == "psycopg2":
        return int(driver.get_transaction_status()) == 0  # type: ignore[union-attr]
    if name == "asyncpg":
        return not driver.is_in_transaction()  # type: ignore[union-attr]
    return False


def give_up(name: str, driver: Any) -> None:
    """Let the statement that a connection of a driver waits for fail, from another thread.

    Drivers of an event loop that wait in it need no more than that their task is cancelled.
    """
    if name == "pysqlite":
        driver.interrupt()
    elif name == "aiosqlite":
        driver._conn.interrupt()
    elif name in ("psycopg", "psycopg2"):
        driver.cancel()


def settle(connection: Connection, *, commit: bool) -> None:
    """End the transaction that the driver opened for us, unseen by SQLAlchemy."""
    proxied: Any = connection.connection
    if commit:
        proxied.commit()
    else:
        proxied.rollback()


def is_memory(url: URL) -> bool:
    """Whether a database lives in this process only."""
    return url.get_backend_name() == "sqlite" and (
        url.database in _MEMORY or "mode=memory" in str(url.database)
    )


def database_of(engine: Engine) -> tuple[Any, ...]:
    """The same for engines of the same database."""
    url = engine.url
    if is_memory(url):
        return ("memory", id(engine.pool))
    if url.get_backend_name() == "sqlite":
        return ("sqlite", str(Path(str(url.database)).absolute()))
    return (url.get_backend_name(), url.host, url.port, url.database)
