"""Every sort of test and fixture: what counts, what is a finding, and where it stands."""

from tests.plugin.conftest import Project

SORTS = """
import unittest

import pytest
from sqlalchemy.orm import Session

import shop


@pytest.mark.parametrize("times", [1, 2])
def test_parametrised(session, times):
    for _ in range(times):
        shop.products(session)
        session.expunge_all()


class TestClass:
    @pytest.fixture(autouse=True)
    def _ready(self, session):
        self.session = session
        shop.products(session)
        session.expunge_all()
        yield
        session.expunge_all()
        shop.products(session)

    def test_method(self):
        shop.products(self.session)

    def test_quiet(self):
        pass


class Case(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _given(self, engine):
        self.engine = engine

    def setUp(self):
        self.session = Session(self.engine)
        shop.fill(self.session)
        shop.products(self.session)
        self.session.expunge_all()

    def tearDown(self):
        self.session.expunge_all()
        shop.products(self.session)
        for order in self.session.query(shop.Order):
            for line in order.lines:
                self.session.delete(line)
            self.session.delete(order)
        self.session.commit()
        self.session.close()

    def test_naive(self):
        assert len(shop.products(self.session)) == 6

    def test_quiet(self):
        for number in range(3):
            with self.subTest(number=number):
                pass


class AsyncCase(unittest.IsolatedAsyncioTestCase):
    @pytest.fixture(autouse=True)
    def _given(self, session):
        self.session = session

    async def asyncSetUp(self):
        shop.products(self.session)
        self.session.expunge_all()

    async def test_naive(self):
        assert len(shop.products(self.session)) == 6

    async def test_quiet(self):
        pass
"""


def _told(content: dict) -> tuple[dict[str, int], list[tuple[str, int]]]:
    queries = {each["nodeid"].partition("::")[2]: each["queries"] for each in content["tests"]}
    findings = [
        (each["nodeid"].partition("::")[2], each["count"])
        for each in content["findings"]
        if each["rule"] == "QS101"
    ]
    return queries, findings


def test_every_sort_of_test_counts_its_own_queries_and_no_fixtures(project: Project) -> None:
    project.write("test_sorts.py", SORTS)
    queries, findings = _told(project.report())
    assert queries == {
        "test_parametrised[1]": 4,
        "test_parametrised[2]": 8,
        "TestClass::test_method": 4,
        "TestClass::test_quiet": 0,
        "Case::test_naive": 4,
        "Case::test_quiet": 0,
        "AsyncCase::test_naive": 4,
        "AsyncCase::test_quiet": 0,
    }
    assert findings == [
        ("AsyncCase::test_naive", 3),
        ("Case::test_naive", 3),
        ("TestClass::test_method", 3),
        ("test_parametrised[1]", 3),
        ("test_parametrised[2]", 3),
        ("test_parametrised[2]", 3),
    ]


def test_a_finding_fails_every_sort_of_test(project: Project) -> None:
    project.write("test_sorts.py", SORTS)
    project.run("--querysafe=check").assert_outcomes(failed=5, passed=3)


def test_wider_fixtures_belong_to_no_test_whichever_asks_first(project: Project) -> None:
    project.write(
        "test_wide.py",
        """
import pytest
from sqlalchemy.orm import Session
import shop

@pytest.fixture(scope="module")
def loaded(engine):
    with Session(engine, expire_on_commit=False) as session:
        shop.fill(session)
        orders = session.scalars(shop.select(shop.Order)).all()
        shop.products(session)
        session.expunge_all()
        orders = session.scalars(shop.select(shop.Order)).all()
        yield orders
        shop.products(session)

def test_first(loaded):
    assert [len(order.lines) for order in loaded] == [2, 2, 2]

def test_second(loaded):
    for order in loaded:
        order.__dict__.pop("lines", None)
    assert [len(order.lines) for order in loaded] == [2, 2, 2]

def test_by_name(request):
    request.getfixturevalue("loaded")
""",
    )
    whole = project.report(f"--querysafe-record={project.root / 'whole'}")
    alone = project.report(
        f"--querysafe-record={project.root / 'alone'}", "test_wide.py::test_by_name"
    )
    assert [each["queries"] for each in whole["tests"]] == [0, 3, 3]
    assert [each["queries"] for each in alone["tests"]] == [0]
    lines = {finding["nodeid"]: finding["parent"]["line"] for finding in whole["findings"]}
    assert lines == {"test_wide.py::test_first": 13, "test_wide.py::test_second": 13}
    (recording,) = (project.root / "alone").iterdir()
    assert "db.query.text" not in recording.read_text()


def test_doctests_are_judged_too(project: Project) -> None:
    project.write(
        "guide.txt",
        """
>>> import shop
>>> session = getfixture("session")
>>> len(shop.products(session))
6
""",
    )
    content = project.report("--doctest-glob=*.txt")
    queries, findings = _told(content)
    assert queries == {"guide.txt": 4}
    assert findings == [("guide.txt", 3)]
    project.run("--doctest-glob=*.txt", "--querysafe=check").assert_outcomes(failed=1)


def test_the_first_test_counts_although_it_is_the_first_to_import_sqlalchemy(
    project: Project,
) -> None:
    project.write("conftest.py", "")
    project.write(
        "test_late.py",
        """
import sys

def test_late():
    assert "sqlalchemy" not in sys.modules
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session
    import shop
    engine = create_engine("sqlite://")
    shop.Base.metadata.create_all(engine)
    with Session(engine) as session:
        shop.fill(session)
        shop.products(session)
    engine.dispose()
""",
    )
    content = project.report(apart=True)
    assert [each["rule"] for each in content["findings"]] == ["QS101"]


def test_a_suite_without_sqlalchemy_is_left_alone(project: Project) -> None:
    project.write("conftest.py", "")
    project.write(
        "test_plain.py",
        """
import sys

def test_plain():
    ours = sorted(name for name in sys.modules if name.startswith("querysafe."))
    assert "sqlalchemy" not in sys.modules
    assert not [name for name in ours if "analysis" in name or "capture.engine" in name], ours
""",
    )
    project.write(
        "ending.py",
        """
import sys

def pytest_unconfigure():
    print("LOADED", sorted({"rich", "sqlalchemy", "querysafe.analysis"} & set(sys.modules)))
""",
    )
    project.monkeypatch.setenv("PYTHONPATH", str(project.root))
    result = project.run_apart("--querysafe=check", "-s", "-p", "ending")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*= querysafe =*")
    result.stdout.fnmatch_lines(["LOADED []"])
