"""What one recorded statement is: a round trip, with its cause, whoever else listens."""

import sys
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    MetaData,
    StaticPool,
    String,
    Table,
    create_engine,
    event,
    insert,
    select,
    text,
)
from sqlalchemy.engine import Engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
    selectinload,
    with_loader_criteria,
)

import querysafe
from querysafe.capture.watch import recorder
from querysafe.query import Kind, Loading


class Base(DeclarativeBase):
    pass


class Node(Base):
    __tablename__ = "node"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="")
    up_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"))
    up: Mapped["Node | None"] = relationship(remote_side=[id], back_populates="down")
    down: Mapped[list["Node"]] = relationship(back_populates="up")


items = Table("items", MetaData(), Column("id", Integer, primary_key=True), Column("a", String))


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(made)
    items.create(made)
    with made.begin() as connection:
        connection.execute(
            insert(Node), [{"id": n, "name": "n", "up_id": n - 1 or None} for n in range(1, 21)]
        )
    yield made
    made.dispose()


def test_a_long_insert_is_as_many_round_trips_as_batches_each_with_its_rows(engine: Engine) -> None:
    rows = [{"a": f"{n}"} for n in range(2500)]
    with querysafe.capture() as captured, engine.begin() as connection:
        connection.execute(
            insert(items).returning(items.c.id),
            rows,
            execution_options={"insertmanyvalues_page_size": 1000},
        )
    assert [query.params.sets for query in captured] == [1000, 1000, 500]
    assert {query.kind for query in captured} == {Kind.INSERT}


def test_a_batch_with_a_row_each_is_a_round_trip_with_one_row_each(engine: Engine) -> None:
    with querysafe.capture() as captured, engine.begin() as connection:
        connection.execute(
            insert(items).returning(items.c.id),
            [{"a": f"{n}"} for n in range(3)],
            execution_options={"insertmanyvalues_page_size": 1},
        )
    assert [query.params.sets for query in captured] == [1, 1, 1]


def test_executemany_is_one_round_trip(engine: Engine) -> None:
    with querysafe.capture() as captured, engine.begin() as connection:
        connection.execute(items.insert(), [{"a": f"{n}"} for n in range(7)])
    assert [(query.executemany, query.params.sets) for query in captured] == [(True, 7)]


def test_driver_sql_and_statements_without_parameters_are_recorded(engine: Engine) -> None:
    with querysafe.capture() as captured, engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        connection.execution_options(no_parameters=True).exec_driver_sql("SELECT 2")
        connection.exec_driver_sql("SELECT ?", (3,))
        connection.execute(text("SELECT 4"))
    assert captured.statements == ("SELECT 1", "SELECT 2", "SELECT ?", "SELECT 4")
    assert all(query.call_site is not None for query in captured)


def test_a_failed_statement_is_recorded_with_its_error(engine: Engine) -> None:
    with (
        querysafe.capture() as captured,
        engine.connect() as connection,
        pytest.raises(Exception, match="no such table"),
    ):
        connection.exec_driver_sql("SELECT * FROM nowhere")
    assert [query.error for query in captured] == ["OperationalError"]


def test_a_listener_that_answers_itself_is_heard_before_the_driver(engine: Engine) -> None:
    seen: list[str] = []

    def answer(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        seen.append(statement)
        if "wanted" not in statement:
            return False
        cursor.execute("SELECT 'answered'")
        return True

    event.listen(engine, "do_execute", answer)
    with querysafe.capture() as captured, engine.connect() as connection:
        assert connection.execute(text("SELECT 'wanted'")).scalar() == "answered"
        assert connection.execute(text("SELECT 'other'")).scalar() == "other"
    assert seen == ["SELECT 'wanted'", "SELECT 'other'"]
    assert captured.statements == ("SELECT 'other'",)


def test_options_that_another_listener_adds_hide_no_cause(engine: Engine) -> None:
    def only_named(state: Any) -> None:
        state.statement = state.statement.options(
            with_loader_criteria(Node, Node.name == "n", propagate_to_loaders=False)
        )

    with Session(engine) as session:
        event.listen(session, "do_orm_execute", only_named)
        with querysafe.capture() as captured:
            session.scalars(select(Node).where(Node.id == 3)).one().down  # noqa: B018
    assert [query.orm_cause.loading for query in captured] == [Loading.STATEMENT, Loading.LAZY]
    assert captured[1].parent_index == 0


def test_one_text_has_the_entity_of_the_statement_that_sent_it(engine: Engine) -> None:
    def ask(statement: Any) -> None:
        session.execute(statement).all()

    with Session(engine) as session, querysafe.capture() as captured:
        for statement in (
            select(Node).where(Node.id == 1),
            select(Node.id, Node.name, Node.up_id).where(Node.id == 1),
            select(Node).where(Node.id == 2),
        ):
            ask(statement)
    assert len({query.statement for query in captured}) == 1
    assert [query.orm_cause.entity for query in captured] == ["Node", "", "Node"]


def test_a_statement_that_is_kept_and_run_again_is_not_changed(engine: Engine) -> None:
    kept = select(Node).where(Node.id == 1)
    kept._generate_cache_key()
    before = dict(kept.__dict__)
    with Session(engine) as session, querysafe.capture() as captured:
        for _ in range(3):
            session.scalars(kept).one()
    assert kept.__dict__ == before
    assert len(captured) == 3


def test_yield_per_with_selectinload_runs_as_it_does_without_us(engine: Engine) -> None:
    statement = select(Node).options(selectinload(Node.down)).execution_options(yield_per=5)
    with Session(engine) as session, querysafe.capture() as captured:
        assert sum(len(node.down) for node in session.scalars(statement)) == 19
    assert {query.orm_cause.loading for query in captured} == {Loading.STATEMENT, Loading.EAGER}


def test_a_long_chain_of_lazy_loads_is_compiled_a_few_times_only(engine: Engine) -> None:
    with Session(engine) as session, querysafe.capture() as captured:
        node = session.get_one(Node, 20)
        while node.up is not None:
            node = node.up
    compiled = {id(raw.compiled) for raw in recorder().raws[-20:]}
    assert len(captured) == 20
    assert len(compiled) < 8
    assert {query.orm_cause.path[-1] for query in captured[1:]} == {"Node.up"}
    assert [query.parent_index for query in captured[1:]] == list(range(19))


def test_a_failure_of_the_recorder_breaks_no_query_and_is_kept(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder(), "problem", "")

    def broken(*_arguments: Any) -> None:
        raise LookupError("a mistake of ours")

    monkeypatch.setattr(sys.modules["querysafe.capture.engine"], "cause_of", broken)
    with Session(engine) as session, querysafe.capture() as captured:
        assert len(session.scalars(select(Node).where(Node.id == 3)).one().down) == 1
        session.execute(text("SELECT 1"))
    assert captured.statements == ("SELECT 1",)
    assert "LookupError" in recorder().problem
    assert "a mistake of ours" in recorder().problem


def test_many_statements_of_one_test_stay_small(engine: Engine) -> None:
    rounds = 3000
    with Session(engine) as session, querysafe.capture():
        statement = select(Node.id).where(Node.id == 1)
        session.execute(statement).all()
        tracemalloc.start()
        for _ in range(rounds):
            session.execute(statement).all()
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    assert held / rounds < 1500, "bytes a statement"
