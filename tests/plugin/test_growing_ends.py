"""``--querysafe-grow`` ends, whatever more rows make of a test."""

from importlib.util import find_spec

import pytest

from querysafe.growth import copies
from querysafe.testing import growing
from tests.plugin.conftest import Project
from tests.plugin.test_growth import FIXTURES, MODELS, SERVICE
from tests.requirements import require

NEXT = """

def test_next(session):
    session.add(one())
    session.commit()
    assert service.toys(session) == 1
"""
BEGIN = """
import sys
import threading
import pytest
import service
from conftest import one
from kennel import Owner
from sqlalchemy import func, select


def owners(session):
    session.add(one())
    session.commit()
    return session.scalar(select(func.count()).select_from(Owner))

"""


@pytest.fixture
def kennel(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(growing, "LONGEST_SECONDS", 0.5)
    monkeypatch.setattr(growing, "LEAST_SECONDS", 0.2)
    project.write("kennel.py", MODELS)
    project.write("service.py", SERVICE)
    project.write("conftest.py", FIXTURES)
    return project


def test_a_test_that_waits_for_ever_on_more_rows_is_told_and_the_next_one_grown(
    kennel: Project,
) -> None:
    kennel.write(
        "test_kennel.py",
        f"""{BEGIN}
def test_waits(session):
    if owners(session) > 1:
        threading.Event().wait()
{NEXT}""",
    )
    result = kennel.run("--querysafe-grow")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*not grown: test_kennel.py::test_waits: it did not end within*"])
    result.stdout.fnmatch_lines(["*QS101 n-plus-one*Pet.toys*"])


def test_a_fixture_that_waits_for_ever_after_more_rows_is_told(kennel: Project) -> None:
    kennel.write(
        "test_kennel.py",
        f"""{BEGIN}
@pytest.fixture
def drained(session):
    yield
    if session.scalar(select(func.count()).select_from(Owner)) > 1:
        threading.Event().wait()


def test_waits(drained, session):
    assert owners(session) == 1
{NEXT}""",
    )
    result = kennel.run("--querysafe-grow")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*not grown: test_kennel.py::test_waits: it did not end within*"])


def test_an_application_that_exits_on_more_rows_does_not_end_the_run(kennel: Project) -> None:
    kennel.write(
        "test_kennel.py",
        f"""{BEGIN}
def test_exits(session):
    if owners(session) > 1:
        sys.exit("more owners than one")
{NEXT}""",
    )
    kennel.run("--querysafe-grow").assert_outcomes(passed=2)


def test_a_database_that_a_wider_fixture_holds_locked_is_not_waited_for(
    kennel: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "PATIENCE_SECONDS", 0.1)
    kennel.write(
        "test_kennel.py",
        f"""{BEGIN}
import kennel
from sqlalchemy import create_engine


@pytest.fixture(scope="module")
def exclusive(tmp_path_factory):
    path = tmp_path_factory.mktemp("kennel") / "kennel.db"
    engine = create_engine(f"sqlite:///{{path}}")
    kennel.Base.metadata.create_all(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA locking_mode = EXCLUSIVE")
        connection.exec_driver_sql("CREATE TABLE held (id INTEGER)")
        connection.commit()
        yield connection
    engine.dispose()


def test_held(exclusive):
    assert exclusive.scalar(select(func.count()).select_from(Owner)) == 0
{NEXT}""",
    )
    result = kennel.run("--querysafe-grow")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*not grown: test_kennel.py::test_held: *"])


def test_the_clock_of_pytest_timeout_is_for_the_run_that_counts(
    kennel: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing, "LONGEST_SECONDS", 20)
    require("pytest-timeout", find_spec("pytest_timeout") is not None, "pip install pytest-timeout")
    kennel.write(
        "test_kennel.py",
        f"""{BEGIN}
import time


@pytest.mark.timeout(5)
def test_slower_on_more_rows(session):
    time.sleep(2.5 if owners(session) > 1 else 2.6)


@pytest.mark.timeout(1)
def test_slow(session):
    owners(session)
    time.sleep(30)
{NEXT}""",
    )
    result = kennel.run("-p", "pytest_timeout", "--querysafe-grow")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*FAILED test_kennel.py::test_slow *Timeout*"])
    assert "test_slower_on_more_rows" not in result.stdout.str().partition("not grown:")[2]
