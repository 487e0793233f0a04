"""A test in which no statement repeats is judged by a short way: the same comes of it."""

from typing import Any

from tests.plugin.conftest import Project

TESTS = """
import pytest
import shop
from sqlalchemy import select, text
from sqlalchemy.orm import selectinload


def test_plain(session):
    session.scalars(select(shop.Order)).all()
    session.scalars(select(shop.Line)).first()


def test_counts_in_python(session):
    number = len(session.scalars(select(shop.Order)).all())
    session.scalars(select(shop.Line)).first()
    print(number)


@pytest.mark.querysafe(max_queries=1)
def test_has_a_budget(session):
    session.scalars(select(shop.Order)).all()
    session.scalars(select(shop.Line)).first()


@pytest.mark.querysafe(max_queries=2)
def test_keeps_its_budget(session):
    session.scalars(select(shop.Order)).all()
    session.scalars(select(shop.Line)).first()


def test_loads_for_nothing(session):
    session.scalars(select(shop.Order).options(selectinload(shop.Order.lines))).all()


def test_row_by_row(session):
    for order in session.scalars(select(shop.Order)):
        order.lines


def test_fails(session):
    session.scalars(select(shop.Order)).all()
    assert False


def test_sends_nothing():
    pass
"""


def _told(report: dict[str, Any]) -> tuple[Any, Any]:
    findings = [{**each, "seconds": 0} for each in report["findings"]]
    tests = [(each["nodeid"], each["queries"], each["outcome"]) for each in report["tests"]]
    return findings, tests


def test_the_short_way_says_what_the_long_way_says(project: Project) -> None:
    project.write("test_all.py", TESTS)
    short = project.report("--querysafe=report")
    long = project.report("--querysafe=report", "--querysafe-record=recorded")
    assert _told(short) == _told(long)
    told = {(each["nodeid"].rpartition("::")[2], each["rule"]) for each in short["findings"]}
    assert {
        ("test_counts_in_python", "QS204"),
        ("test_has_a_budget", "QS301"),
        ("test_loads_for_nothing", "QS202"),
        ("test_row_by_row", "QS101"),
    } <= told
    assert not {name for name, _ in told} & {"test_plain", "test_keeps_its_budget", "test_fails"}
    queries = {each["nodeid"].rpartition("::")[2]: each["queries"] for each in short["tests"]}
    assert queries["test_plain"] == 2
    assert queries["test_fails"] == 1
    assert queries["test_sends_nothing"] == 0


def test_what_counts_as_slow_is_told_of_a_single_query(project: Project) -> None:
    project.write("test_all.py", TESTS)
    report = project.report("--querysafe=report", "--querysafe-slow-seconds=0.0000001")
    slow = {
        each["nodeid"].rpartition("::")[2] for each in report["findings"] if each["rule"] == "QS303"
    }
    assert "test_plain" in slow
    assert "test_sends_nothing" not in slow
