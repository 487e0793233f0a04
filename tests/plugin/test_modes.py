"""Modes: ``off``, ``report`` and ``check``, wherever they are set."""

import pytest

from tests.plugin.conftest import Project

NAIVE = """
import shop

def test_naive(session):
    assert len(shop.products(session)) == 6

def test_cured(session):
    assert len(shop.products_at_once(session)) == 6
"""
FINDING = "*QS101 n-plus-one*"


@pytest.fixture
def naive(project: Project) -> Project:
    project.write("test_shop.py", NAIVE)
    return project


def test_by_default_a_finding_is_reported_and_no_outcome_changed(naive: Project) -> None:
    result = naive.run()
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines([FINDING, "*shop.py:*in products*"])


def test_check_fails_the_test_and_leads_with_the_diagnosis(naive: Project) -> None:
    result = naive.run("--querysafe=check")
    result.assert_outcomes(passed=1, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    lines = result.stdout.lines
    title = next(number for number, line in enumerate(lines) if "___ test_naive ___" in line)
    assert "QS101 n-plus-one" in lines[title + 1]
    assert "Order.lines" in lines[title + 1]
    result.stdout.fnmatch_lines(["FAILED test_shop.py::test_naive - QS101 n-plus-one*Order.lines*"])


@pytest.mark.parametrize("options", [(), ("--tb=short",), ("--tb=no",)])
def test_check_prints_each_finding_once(naive: Project, options: tuple[str, ...]) -> None:
    printed = naive.run("--querysafe=check", *options).stdout.str()
    assert printed.count("cure      select(Order)") == 1
    assert ("1 finding told above" in printed) is (options != ("--tb=no",))


def test_check_also_prints_what_fails_no_test(naive: Project) -> None:
    naive.write("test_failing.py", f"{NAIVE.partition('def test_cured')[0]}    assert False\n")
    printed = naive.run("--querysafe=check", "test_failing.py").stdout.str()
    assert printed.count("cure      select(Order)") == 1
    assert "told above" not in printed


def test_off_says_nothing_at_all(naive: Project) -> None:
    result = naive.run("--querysafe=off")
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*= querysafe =*")


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("pytest.ini", "[pytest]\nquerysafe = check\n"),
        ("pyproject.toml", '[tool.querysafe]\nmode = "check"\n'),
        ("environment", ""),
    ],
)
def test_the_mode_is_also_read_from_ini_pyproject_and_environment(
    naive: Project, place: str, text: str
) -> None:
    if place == "environment":
        naive.monkeypatch.setenv("QUERYSAFE", "check")
    else:
        naive.write(place, text)
    naive.run().assert_outcomes(passed=1, failed=1)
    naive.run("--querysafe=report").assert_outcomes(passed=2)


def test_a_mode_that_does_not_exist_is_a_usage_error_that_names_the_others(naive: Project) -> None:
    result = naive.run("--querysafe=strict")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(['*--querysafe is "strict"*', "*off, report, check*"])


def test_without_the_plugin_the_suite_runs_as_before(naive: Project) -> None:
    naive.run_apart("-p", "no:querysafe").assert_outcomes(passed=2)


def test_check_stops_at_the_first_finding_with_x_and_runs_it_again_with_lf(naive: Project) -> None:
    naive.write("test_zoo.py", "def test_later():\n    pass\n")
    naive.run("--querysafe=check", "-x").assert_outcomes(failed=1)
    again = naive.run("--querysafe=check", "--lf")
    again.assert_outcomes(failed=1)
    naive.edit("test_shop.py", "shop.products(session)", "shop.products_at_once(session)")
    naive.run("--querysafe=check", "--lf").assert_outcomes(passed=1)
