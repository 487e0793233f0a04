"""Which tests show at a glance that nothing needs to be interpreted, and which do not."""

from collections.abc import Callable, Iterator
from typing import cast

import pytest
from sqlalchemy import ForeignKey, StaticPool, create_engine, select, text
from sqlalchemy.engine import Engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    joinedload,
    mapped_column,
    relationship,
)

import querysafe
from querysafe.capture.call_site import CallSites
from querysafe.capture.raw import Raw, Recorder
from querysafe.capture.recorder import Glance, Interpreter
from querysafe.capture.watch import recorder


class Base(DeclarativeBase):
    pass


class Shelf(Base):
    __tablename__ = "shelf"
    id: Mapped[int] = mapped_column(primary_key=True)
    boxes: Mapped[list["Box"]] = relationship(back_populates="shelf")


class Box(Base):
    __tablename__ = "box"
    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelf.id"))
    shelf: Mapped[Shelf] = relationship(back_populates="boxes")


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(made)
    with Session(made) as session:
        session.add_all(Shelf(id=n, boxes=[Box(id=n)]) for n in (1, 2))
        session.commit()
    yield made
    made.dispose()


class _Heard(Recorder):
    """What the recorder of the process heard in a block, as if it were the call of a test."""

    def __init__(self, sites: CallSites, raws: list[Raw], eager: list[object]) -> None:
        super().__init__(sites)
        self.raws, self.eager = raws, eager


def glance(
    engine: Engine, act: Callable[[Session], object], *, phase: str = "call"
) -> Glance | None:
    known = recorder()
    with querysafe.capture() as captured, Session(engine) as session:
        before = len(known.eager)
        act(session)
        raws = [raw._replace(phase=phase) for raw in known.raws[captured._window.first :]]
        heard = _Heard(known.sites, raws, known.eager[before:])
    return Interpreter(heard).glance()


def test_statements_that_all_differ_are_told_by_their_number_and_time(engine: Engine) -> None:
    def act(session: Session) -> None:
        session.scalars(select(Shelf)).all()
        session.scalars(select(Box)).all()
        session.execute(text("SELECT count(*) FROM box"))

    seen = glance(engine, act)
    assert seen is not None
    assert seen.queries == 3
    assert 0 < seen.slowest <= seen.seconds
    assert len({each.fingerprint for each in seen.told}) == 3


def test_a_shape_that_is_sent_twice_is_for_the_rules(engine: Engine) -> None:
    def act(session: Session) -> None:
        session.execute(text("SELECT id FROM box WHERE id = 1"))
        session.execute(text("SELECT id FROM box WHERE id = 2"))

    assert glance(engine, act) is None


def test_one_lazy_load_is_quiet_and_two_of_different_statements_are_not(engine: Engine) -> None:
    def one(session: Session) -> None:
        assert session.scalars(select(Shelf).where(Shelf.id == 1)).one().boxes

    def two(session: Session) -> None:
        box = session.scalars(select(Box).where(Box.id == 1)).one()
        session.expire(box, ["shelf_id"])
        assert box.shelf.boxes

    assert cast(Glance, glance(engine, one)).queries == 2
    assert glance(engine, two) is None


def test_a_relationship_that_is_asked_for_ahead_is_for_the_rules(engine: Engine) -> None:
    assert (
        glance(engine, lambda session: session.scalars(select(Box).options(joinedload(Box.shelf))))
        is None
    )


def test_a_statement_that_joins_twice_is_for_the_rules(engine: Engine) -> None:
    def act(session: Session) -> None:
        joined = "SELECT 1 FROM shelf JOIN box ON true"
        session.execute(text(joined))
        session.execute(text(f"{joined} JOIN box AS other ON true"))

    assert glance(engine, act) is None
    assert glance(engine, lambda session: session.execute(text("SELECT 1 FROM shelf, box")))


def test_what_is_sent_outside_of_the_call_does_not_count(engine: Engine) -> None:
    def act(session: Session) -> None:
        for _ in range(2):
            session.scalars(select(Shelf)).all()

    assert cast(Glance, glance(engine, act, phase="setup")).queries == 0
