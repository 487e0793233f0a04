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
