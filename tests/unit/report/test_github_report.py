"""Annotations of GitHub Actions: one line each, escaped as the runner reads them."""

import re
from pathlib import Path

import pytest

from querysafe.finding import Verdict
from querysafe.report.github import LIMIT, below, render
from tests.unit.report.runs import HOSTILE, finding, result, run

COMMAND = re.compile(r"::(?:error|warning|notice) (?P<properties>[^:]*)::(?P<data>.*)")


def annotated(**fields: object) -> str:
    return render(run(result("tests/test_a.py::test", finding(**fields))))


def test_a_command_is_one_line_whose_properties_hold_neither_colon_nor_comma() -> None:
    odd = {"call_sites": finding().call_sites, "message": HOSTILE, "nodeid": f"a.py::{HOSTILE}"}
    (line,) = annotated(**odd).split("\n")[:-1]
    match = COMMAND.fullmatch(line)
    assert match is not None
    assert match["properties"] == "file=app/orders.py,line=10,title=QS101 n-plus-one"


def test_percent_and_line_feed_are_escaped_in_this_order() -> None:
    assert "::50%25 of%0Aa%250A,b:c%0A" in annotated(message="50% of\r\na%0A,b:c")


def test_a_path_with_colon_and_comma_is_escaped() -> None:
    from querysafe.query import CallSite

    odd = (CallSite(path="a,b:c%.py", line=3, function="f"),)
    assert "file=a%2Cb%3Ac%25.py,line=3," in annotated(call_sites=odd)


def test_a_finding_without_a_line_is_shown_at_its_test() -> None:
    written = annotated(call_sites=(), nodeid="tests/test_api.py::Test::test_a[1]")
    assert "file=tests/test_api.py,line=1," in written


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.SUPPRESSED])
def test_what_is_accepted_is_not_annotated(verdict: Verdict) -> None:
    assert annotated(verdict=verdict) == ""


def test_ten_of_a_level_are_shown_and_the_rest_counted() -> None:
    many = run(
        *(
            result(f"t.py::t{n}", finding(nodeid=f"t.py::t{n}", label=f"A.b{n}"))
            for n in range(LIMIT + 3)
        )
    )
    written = render(many)
    assert written.count("::error ") == LIMIT
    assert "3 more findings of querysafe" in written


def test_paths_are_those_of_the_repository_when_the_tests_are_below_it(tmp_path: Path) -> None:
    service = tmp_path / "services" / "shop"
    service.mkdir(parents=True)
    assert below(service, str(tmp_path)) == "services/shop"
    assert below(tmp_path, str(tmp_path)) == ""
    assert below(tmp_path, str(service)) == ""
    assert below(service, None) == ""
    written = render(run(result("t.py::t", finding())), below="services/shop")
    assert "file=services/shop/app/orders.py," in written
