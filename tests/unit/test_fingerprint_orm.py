"""Shapes of what the ORM really sends: equal on every SQLAlchemy, driver and release of a model.

``orm_shapes.txt`` is the same file for all of them; write it anew with
``python -m tests.unit.test_fingerprint_orm``.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import StaticPool
from sqlalchemy.util import greenlet_spawn

from querysafe.fingerprint import shape
from tests.lexicon.core.postgres import development_server
from tests.unit.orm_operations import models, run

GOLDEN = Path(__file__).with_name("orm_shapes.txt")
ON_SQLITE_ONLY = " FOR UPDATE"
"""SQLite has no row locks, so its dialect leaves this out."""


def shapes(texts: dict[str, list[str]]) -> dict[str, list[str]]:
    """The sorted set of shapes of each operation: how inserts are batched is the driver's."""
    return {
        name: sorted({shape(text).removesuffix(ON_SQLITE_ONLY) for text in sent})
        for name, sent in texts.items()
    }


def golden() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in GOLDEN.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            found[line[2:]] = []
        else:
            found[next(reversed(found))].append(line)
    return found


def on_sqlite(*, grown: bool = False) -> dict[str, list[str]]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        return shapes(run(engine, models(grown=grown)))
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def server() -> Iterator[URL]:
    with development_server() as url:
        yield url


def test_shapes_are_those_of_every_sqlalchemy() -> None:
    assert on_sqlite() == golden()


def test_a_column_added_to_every_model_changes_no_shape() -> None:
    assert on_sqlite(grown=True) == golden()


def test_shapes_with_psycopg_are_those_of_sqlite(server: URL) -> None:
    engine: Engine = create_engine(server.set(drivername="postgresql+psycopg"))
    try:
        assert shapes(run(engine, models())) == golden()
    finally:
        engine.dispose()


def test_shapes_with_asyncpg_are_those_of_sqlite(server: URL) -> None:
    async def main() -> dict[str, list[str]]:
        engine = create_async_engine(server.set(drivername="postgresql+asyncpg"))
        try:
            return await greenlet_spawn(run, engine.sync_engine, models())
        finally:
            await engine.dispose()

    assert shapes(asyncio.run(main())) == golden()


if __name__ == "__main__":
    lines = [line for name, found in on_sqlite().items() for line in (f"# {name}", *found)]
    GOLDEN.write_text("\n".join(lines) + "\n", encoding="utf-8")
