"""The cure of rows that are only counted gives the number that was counted before."""

import ast
import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from querysafe.analysis.cures import counting
from tests.plugin import shop
from tests.unit.analysis.frames import frame_of

KNOWN = {"select": select, "func": func, "text": text, "exists": exists, **vars(shop)}
COUNTED = {
    "an entity": "session.scalars(select(Order)).all()",
    "the rest of a chain": "session.scalars(select(Order).where(Order.id > 1).order_by(Order.id)).all()",
    "a condition added": "query = select(Order)\nquery = query.where(Order.id == 1)\n"
    "session.scalars(query).all()",
    "unique objects of a join": "session.scalars(select(Order).join(Order.lines)).unique().all()",
    "rows of a join": "session.execute(select(Order).join(Order.lines)).all()",
    "a query": "session.query(Order).filter(Order.id > 1).order_by(Order.id).all()",
    "a query of a join": "session.query(Order).join(Order.lines).all()",
    "a query with a condition added": "query = session.query(Order)\n"
    "query = query.filter(Order.id == 1)\nquery.all()",
    "a query that a function makes": "session.scalars(recent()).all()",
    "text": "session.execute(text('SELECT id FROM orders WHERE id > :id'), {'id': 1}).all()",
    "a named text": "sql = text('SELECT id FROM orders;')\nsession.execute(sql).all()",
    "text of the driver": "session.connection().exec_driver_sql("
    "'SELECT id FROM orders WHERE id > ?', (1,)).all()",
}


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    shop.Base.metadata.create_all(engine)
    with Session(engine) as session:
        shop.fill(session)
        yield session
    engine.dispose()


def recent() -> Any:
    return select(shop.Order).where(shop.Order.id > 1)


def _cure(folder: Path, code: str, use: str, *, entity: str) -> tuple[str, str]:
    """The cure of a function's last expression, and what the function does before it."""
    path = folder / f"counted_{use}.py"
    lines = code.splitlines()
    used = {"count": "len", "exists": "bool"}[use]
    path.write_text(
        "\n    ".join(["async def f(session):", *lines[:-1], f"return {used}({lines[-1]})"])
    )
    frame = frame_of(path, "scalars", "execute", "exec_driver_sql", "all")
    return counting.cure(frame, entity, use), "\n".join(lines[:-1])


@pytest.mark.parametrize("use", ["count", "exists"])
@pytest.mark.parametrize("code", COUNTED.values(), ids=COUNTED.keys())
def test_the_database_gives_the_number_of_rows_that_were_loaded(
    tmp_path: Path, session: Session, code: str, use: str
) -> None:
    entity = "" if "SELECT" in code else "Order"
    cure, before = _cure(tmp_path, code, use, entity=entity)
    known: dict[str, Any] = {**KNOWN, "session": session, "recent": recent}
    exec(before, known)
    expected = len(eval(code.splitlines()[-1], known))
    assert expected > 0
    assert eval(cure, known) == (expected if use == "count" else True)


def test_what_was_awaited_is_awaited(tmp_path: Path) -> None:
    run = "(await session.scalars(select(Order))).all()"
    cure, _ = _cure(tmp_path, run, "count", entity="Order")

    async def counted() -> int:
        engine = create_async_engine("sqlite+aiosqlite://")
        async with engine.begin() as connection:
            await connection.run_sync(shop.Base.metadata.create_all)
        async with AsyncSession(engine) as session:
            await session.run_sync(shop.fill)
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            code = compile(cure, "cure", "eval", flags)
            value = eval(code, {**KNOWN, "session": session})
            found: int = await value if inspect.isawaitable(value) else value
        await engine.dispose()
        return found

    assert cure.startswith("await session.scalar(")
    assert asyncio.run(counted()) == 3


@pytest.mark.parametrize(
    "code",
    [
        "session.execute(text(f'SELECT id FROM {table}')).all()",
        "session.execute(text('SELECT id FROM orders -- all')).all()",
        "session.execute(sql).all()",
    ],
)
def test_sql_that_the_source_does_not_tell_gets_no_code(tmp_path: Path, code: str) -> None:
    assert _cure(tmp_path, code, "count", entity="")[0] == ""
