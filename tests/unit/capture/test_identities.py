"""Tasks, connections and sessions keep their own number when ``id()`` is given again."""

import asyncio
import gc
import threading

import pytest
from sqlalchemy import StaticPool, create_engine, literal, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

import querysafe
from querysafe.capture.engine import Serials

ROUNDS = 20


class Thing:
    pass


class Base(DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "rows"
    id: Mapped[int] = mapped_column(primary_key=True)


def test_an_object_keeps_its_number_and_its_successor_gets_another_one() -> None:
    serials = Serials()
    kept = Thing()
    number = serials.of(kept)
    seen = {number}
    for _ in range(3000):
        passing = Thing()
        seen.add(serials.of(passing))
        del passing
    assert len(seen) == 3001
    assert serials.of(kept) == number


def test_connections_one_after_the_other_are_different_sessions() -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool, isolation_level="AUTOCOMMIT")
    with querysafe.capture() as captured:
        for _ in range(ROUNDS):
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
                connection.execute(text("SELECT 2"))
    engine.dispose()
    sessions = [query.context.session for query in captured]
    assert len(set(sessions)) == ROUNDS
    assert sessions[::2] == sessions[1::2]


def test_orm_sessions_one_after_the_other_are_different_sessions() -> None:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with querysafe.capture() as captured:
        for _ in range(ROUNDS):
            with Session(engine) as session:
                session.execute(select(literal(1)))
                session.execute(select(literal(2)))
            gc.collect(0)
    engine.dispose()
    sessions = [query.context.session for query in captured]
    assert len(set(sessions)) == ROUNDS


def test_threads_one_after_the_other_are_different_tasks() -> None:
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )

    def ask() -> None:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    with querysafe.capture() as captured:
        for _ in range(ROUNDS):
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join()
        ask()
        ask()
    engine.dispose()
    tasks = [query.context.task for query in captured]
    assert len(set(tasks)) == ROUNDS + 1
    assert tasks[-1] == tasks[-2]


def test_asyncio_tasks_one_after_the_other_are_different_tasks() -> None:
    async def ask(engine: object) -> None:
        async with engine.connect() as connection:  # type: ignore[attr-defined]
            await connection.execute(text("SELECT 1"))

    async def main() -> None:
        engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
        for _ in range(ROUNDS):
            await asyncio.create_task(ask(engine))
        await engine.dispose()

    with querysafe.capture() as captured:
        asyncio.run(main())
    assert len({query.context.task for query in captured}) == ROUNDS


def test_a_flush_that_failed_or_had_nothing_to_write_lasts_no_longer_than_its_session_says() -> (
    None
):
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as failing, Session(engine) as other:
        failing.add(Row(id=1))
        failing.commit()
        failing.add(Row(id=1))
        with pytest.raises(IntegrityError):
            failing.flush()
        failing.rollback()
        other.add(Row(id=2))
        other.flush()
        with querysafe.capture() as captured:
            for number in (3, 4):
                other.bulk_insert_mappings(Row, [{"id": number}])
        assert [query.context.flush for query in captured.queries] == [0, 0]
    engine.dispose()
