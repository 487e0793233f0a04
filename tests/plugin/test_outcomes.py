"""A test that did not plainly pass is never judged again; reruns replace what was before."""

from xml.etree import ElementTree

import pytest

from tests.plugin.conftest import Project

OUTCOMES = """
import pytest
import shop

@pytest.fixture
def broken(session):
    shop.products(session)
    raise RuntimeError("set-up")

@pytest.fixture
def untidy(session):
    yield session
    raise RuntimeError("tear-down")

def test_fails(session):
    shop.products(session)
    assert False, "for its own reason"

def test_is_broken(broken):
    pass

def test_is_untidy(untidy):
    shop.products_at_once(untidy)

@pytest.mark.skip
def test_is_skipped(session):
    pass

def test_skips_itself(session):
    shop.products(session)
    pytest.skip("late")

@pytest.mark.xfail
def test_xfails(session):
    shop.products(session)
    assert False

@pytest.mark.xfail
def test_xpasses(session):
    shop.products(session)

@pytest.mark.xfail(strict=True)
def test_xfails_strictly(session):
    shop.products(session)
    assert False

@pytest.mark.xfail(strict=True)
def test_xpasses_strictly(session):
    shop.products(session)

@pytest.mark.xfail(raises=ZeroDivisionError)
def test_fails_otherwise_than_expected(session):
    shop.products(session)
    raise KeyError
"""


@pytest.mark.parametrize("mode", ["off", "report", "check"])
def test_outcomes_are_those_of_pytest_alone(project: Project, mode: str) -> None:
    project.write("test_shop.py", OUTCOMES)
    result = project.run(f"--querysafe={mode}")
    result.assert_outcomes(failed=3, errors=2, passed=1, skipped=2, xfailed=2, xpassed=1)
    result.stdout.fnmatch_lines(["*for its own reason*", "*XPASS(strict)*"])
    result.stdout.no_fnmatch_line("FAILED *QS1*")


def test_the_report_says_how_each_test_ended_before_it_was_judged(project: Project) -> None:
    project.write("test_shop.py", OUTCOMES)
    project.write(
        "test_naive.py", "import shop\ndef test_a(session):\n    shop.products(session)\n"
    )
    content = project.report("--querysafe=check")
    outcomes = {each["nodeid"].rpartition("::")[2]: each["outcome"] for each in content["tests"]}
    assert outcomes == {
        "test_a": "passed",
        "test_fails": "failed",
        "test_fails_otherwise_than_expected": "failed",
        "test_is_broken": "failed",
        "test_is_skipped": "skipped",
        "test_is_untidy": "passed",
        "test_skips_itself": "skipped",
        "test_xfails": "skipped",
        "test_xfails_strictly": "skipped",
        "test_xpasses": "passed",
        "test_xpasses_strictly": "failed",
    }


def test_a_failing_subtest_is_a_failing_test(project: Project) -> None:
    project.write(
        "test_shop.py",
        """
import shop

def test_parts(session, subtests):
    for number in range(3):
        with subtests.test(number=number):
            assert len(shop.products(session)) == 6
            session.expunge_all()
            assert number != 1

def test_whole(session, subtests):
    for number in range(2):
        with subtests.test(number=number):
            assert len(shop.products(session)) == 6
            session.expunge_all()
""",
    )
    result = project.run("--querysafe=check", "-rA")
    result.stdout.fnmatch_lines(["FAILED test_shop.py::test_whole - QS101*"])
    result.stdout.no_fnmatch_line("FAILED test_shop.py::test_parts - QS*")
    outcomes = [
        (each["nodeid"].rpartition("::")[2], each["outcome"], each["queries"])
        for each in project.report()["tests"]
    ]
    assert outcomes == [("test_parts", "failed", 12), ("test_whole", "passed", 8)]


def test_a_rerun_replaces_what_the_first_run_showed(project: Project) -> None:
    project.write(
        "test_shop.py",
        """
import shop
runs = []

def test_flaky(session):
    runs.append(1)
    if len(runs) == 1:
        shop.products(session)
        assert False, "the first time"
    shop.products_at_once(session)
""",
    )
    junit = project.root / "junit.xml"
    content = project.report("--reruns=1", f"--junitxml={junit}", "--querysafe=check", apart=True)
    assert content["findings"] == []
    assert [(each["outcome"], each["queries"]) for each in content["tests"]] == [("passed", 2)]
    told = [
        [each.get("value") for each in case.iterfind(".//property[@name='querysafe.queries']")]
        for case in ElementTree.parse(junit).iter("testcase")
    ]
    assert told == [["4"], ["2"]]


def test_json_collects_without_enforcing_a_mode_from_a_file(project: Project) -> None:
    project.write("pyproject.toml", '[tool.querysafe]\nmode = "check"\n')
    project.write(
        "test_naive.py", "import shop\ndef test_a(session):\n    shop.products(session)\n"
    )
    project.run().assert_outcomes(failed=1)
    result = project.run("--querysafe-json=out.json")
    result.assert_outcomes(passed=1)
    assert '"QS101"' in (project.root / "out.json").read_text()
    project.run("--querysafe-json=out.json", "--querysafe=check").assert_outcomes(failed=1)
