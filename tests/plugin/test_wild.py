"""What suites of real applications do and small ones do not: pickles, clocks, own sessions."""

import pytest

from querysafe.analysis.rules import n_plus_one
from tests.plugin.conftest import Project

OWN_SESSION = """
import shop
from sqlalchemy import select
from sqlalchemy.orm import Query, Session

class Routed(Session):
    def execute(self, *args, **kwargs):
        return super().execute(*args, **kwargs)

    def get(self, *args, **kwargs):
        return super().get(*args, **kwargs)

    def numbered(self, number):
        return self.scalars(select(shop.Order).where(shop.Order.id == number)).one()

def test_lazy(engine):
    with Routed(engine) as session:
        shop.fill(session)
        found = session.scalars(select(shop.Order))
        for order in found:
            assert order.lines

def test_get(engine):
    with Routed(engine) as session:
        shop.fill(session)
        for number in list(session.scalars(select(shop.Order.id))):
            session.expunge_all()
            assert session.get(shop.Order, number)

def test_helper(engine):
    with Routed(engine) as session:
        shop.fill(session)
        for number in list(session.scalars(select(shop.Order.id))):
            assert session.numbered(number)
"""


def _line_of(source: str, text: str) -> int:
    return 1 + next(at for at, line in enumerate(source.splitlines()) if text in line)


def test_the_line_is_not_that_of_a_session_that_overrides_execute(project: Project) -> None:
    project.write("test_own.py", OWN_SESSION)
    findings = project.report("test_own.py")["findings"]
    lines = {
        each["nodeid"].rpartition("::")[2]: (each["rule"], each["call_sites"][0]["line"])
        for each in findings
    }
    assert lines == {
        "test_lazy": ("QS101", _line_of(OWN_SESSION, "assert order.lines")),
        "test_get": ("QS103", _line_of(OWN_SESSION, "assert session.get(")),
        "test_helper": ("QS103", _line_of(OWN_SESSION, "return self.scalars(")),
    }
    lazy = next(each for each in findings if each["rule"] == "QS101")
    assert lazy["parent"]["line"] == _line_of(OWN_SESSION, "found = session")


PICKLES = """
import copy
import pickle
import shop
from sqlalchemy import select
from sqlalchemy.orm import make_transient

def test_pickle(session):
    statement = select(shop.Order)
    before = str(statement), statement._with_options
    orders = session.scalars(statement).all()
    assert (str(statement), statement._with_options) == before
    data = pickle.dumps(orders)
    assert b"querysafe" not in data
    session.expunge_all()
    for order in pickle.loads(data):
        assert session.merge(order, load=False).lines
    for order in session.scalars(copy.copy(statement)).all():
        make_transient(order)
"""


def test_pickled_objects_know_nothing_of_the_plugin_and_load_on(project: Project) -> None:
    project.write("test_pickles.py", PICKLES)
    result = project.run("-W", "error")
    result.assert_outcomes(passed=1)
    assert "could not be judged" not in result.stdout.str()


FROZEN = """
import sys
import time
import pytest
import shop
from sqlalchemy import select

@pytest.fixture
def frozen(monkeypatch):
    real = time.perf_counter
    for module in list(sys.modules.values()):
        for name, value in list(vars(module).items()):
            if value is real:
                monkeypatch.setattr(module, name, lambda: 1e9)

def test_naive(session, frozen):
    assert len(shop.products(session)) == 6
"""


def test_a_clock_that_a_test_freezes_changes_nothing(project: Project) -> None:
    project.write("test_frozen.py", FROZEN)
    (finding,) = project.report("test_frozen.py")["findings"]
    assert finding["rule"] == "QS101"
    assert finding["parent"]["function"] == "products"
    assert 0 < finding["seconds"] < 60


NAIVE = """
import shop

def test_naive(session):
    assert len(shop.products(session)) == 6
"""


@pytest.mark.parametrize("mode", ["report", "check"])
def test_a_mistake_in_a_rule_is_told_and_changes_no_outcome(
    project: Project, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no such shape")

    monkeypatch.setattr(n_plus_one, "_owners", broken)
    project.write("test_naive.py", NAIVE)
    result = project.run(f"--querysafe={mode}")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*test_naive*could not be judged: ValueError: no such shape*"])
    checked = mode == "check"
    assert result.ret == (pytest.ExitCode.INTERNAL_ERROR if checked else pytest.ExitCode.OK)


def test_a_suite_without_mistakes_is_judged_in_full(project: Project) -> None:
    project.write("test_naive.py", NAIVE)
    assert "could not be judged" not in project.run().stdout.str()


ASSERTED = """
import unittest
import shop
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

def total(session):
    return session.scalar(select(func.count()).select_from(shop.Order))

class Good(unittest.TestCase):
    def setUp(self):
        self.session = Session(shop_engine)
        shop.fill(self.session)

    def tearDown(self):
        for table in reversed(shop.Base.metadata.sorted_tables):
            self.session.execute(delete(table))
        self.session.commit()
        self.session.close()

    def test_same_question(self):
        self.assertEqual(3, self.session.scalar(select(func.count()).select_from(shop.Order)))
        self.assertEqual(6, self.session.scalar(select(func.count()).select_from(shop.Line)))
        self.assertEqual(3, self.session.scalar(select(func.count()).select_from(shop.Order)))

    def test_number_of_rows(self):
        found = self.session.scalars(select(shop.Order)).all()
        self.assertEqual(len(found), 3)
        self.assertTrue(len(self.session.scalars(select(shop.Line)).all()) == 6)

    def test_over_values(self):
        for name in ("order 0", "order 1", "order 2"):
            query = select(shop.Order.name).where(shop.Order.name == name)
            self.assertEqual(self.session.scalar(query), name)

class Bad(Good):
    test_same_question = test_number_of_rows = test_over_values = None

    def test_naive(self):
        self.assertEqual(len(shop.products(self.session)), 6)
"""


def test_what_a_unittest_asserts_is_no_finding_and_what_it_calls_is(project: Project) -> None:
    head = "from sqlalchemy import create_engine, StaticPool\n"
    made = "shop_engine = create_engine('sqlite://', poolclass=StaticPool)\n"
    create = "shop.Base.metadata.create_all(shop_engine)\n"
    project.write(
        "test_asserted.py",
        head + ASSERTED.replace("\ndef total", f"\n{made}{create}\ndef total"),
    )
    content = project.report("test_asserted.py")
    assert [each["outcome"] for each in content["tests"]] == ["passed"] * 4
    assert [(each["rule"], each["nodeid"].rpartition("::")[2]) for each in content["findings"]] == [
        ("QS101", "test_naive")
    ]


CASCADE = """
import shop
from sqlalchemy import event, ForeignKey, select, inspect
from sqlalchemy.orm import Mapped, mapped_column, relationship, Session

class Shelf(shop.Base):
    __tablename__ = "shelves"
    id: Mapped[int] = mapped_column(primary_key=True)
    books = relationship("Book", lazy="dynamic", cascade="all, delete-orphan")

class Book(shop.Base):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))

def clear(session, shelf):
    session.delete(shelf)
    session.commit()

def test_one(session, engine):
    shop.Base.metadata.create_all(engine)
    session.add(Shelf(books=[Book(), Book()]))
    session.commit()
    clear(session, session.scalars(select(Shelf)).one())
"""


def test_what_sqlalchemy_asks_in_order_to_delete_is_no_duplicate_read(project: Project) -> None:
    project.write("test_cascade.py", CASCADE)
    content = project.report("test_cascade.py")
    assert [each["outcome"] for each in content["tests"]] == ["passed"]
    assert [each["rule"] for each in content["findings"] if each["rule"] == "QS201"] == []
