"""One contract for every report: it has words for any run, and obeys nothing that the run holds."""

import json as stdjson
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from querysafe import __version__
from querysafe.recording import RunResult
from querysafe.report import github, html, json, markdown, sarif, text
from querysafe.report.junit import properties
from tests.golden import assert_golden
from tests.unit.report.runs import HOSTILE, ORDERS, RUNS, finding, mixed, result, run

GOLDEN = Path(__file__).parent / "golden"
SCHEMAS = Path(__file__).parent / "schemas"


def junit(run_: RunResult) -> str:
    told = [(test.nodeid, *pair) for test in run_.tests for pair in properties(test)]
    return "".join(f"{stdjson.dumps(each, ensure_ascii=False)}\n" for each in told)


REPORTS: dict[str, Callable[[RunResult], str]] = {
    "text.txt": text.render,
    "markdown.md": markdown.render,
    "github.txt": github.render,
    "junit.txt": junit,
    "report.json": json.render,
    "report.sarif": sarif.render,
}
PAGE = {"page.html": lambda run_: html.render(run_, {}, Path("/nowhere"))}


@pytest.mark.parametrize("report", ["text.txt", *list(REPORTS)[1:3], *list(REPORTS)[4:], *PAGE])
def test_a_cure_is_shown_with_the_imports_that_it_needs(report: str) -> None:
    needed = "from sqlalchemy.orm import selectinload"
    cured = finding(cure="select(Order).options(selectinload(Order.lines))")
    written = {
        imports: (REPORTS | PAGE)[report](run(result(ORDERS, replace(cured, imports=imports))))
        for imports in ((), (needed,))
    }
    assert needed not in written[()]
    assert needed in written[needed,]


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("report", REPORTS)
def test_a_report_is_its_golden_file(report: str, name: str) -> None:
    if name == "hostile" and report.startswith("report."):
        pytest.skip("JSON escapes by itself; the schemas are tested below")
    written = REPORTS[report](RUNS[name])
    if report == "report.sarif":
        written = without_rules(written)
    assert_golden(GOLDEN / f"{name}-{report}", written)


def without_rules(written: str) -> str:
    """SARIF without our version and the words of our rules, which have golden pages of their own."""
    content = stdjson.loads(written)
    driver = content["runs"][0]["tool"]["driver"]
    assert driver.pop("semanticVersion") == __version__
    driver["rules"] = [rule["id"] for rule in driver["rules"]]
    return stdjson.dumps(content, indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("report", REPORTS | PAGE)
def test_a_report_sends_no_control_character_and_can_be_stored(report: str, name: str) -> None:
    written = (REPORTS | PAGE)[report](RUNS[name])
    assert "\x1b" not in written
    assert "\r" not in written
    written.encode("utf-8")
    assert not written or written.endswith("\n")


@pytest.mark.parametrize("report", REPORTS | PAGE)
def test_half_a_surrogate_pair_breaks_no_report(report: str) -> None:
    broken = "tests/test_\udc80.py::test_\ud800"
    odd = finding(nodeid=broken, label="\udfff", message="\udfff", statement="\udfff")
    (REPORTS | PAGE)[report](run(result(broken, odd))).encode("utf-8", "backslashreplace")


@pytest.mark.parametrize("report", REPORTS | PAGE)
def test_a_report_names_rule_line_and_test_of_a_finding(report: str) -> None:
    written = (REPORTS | PAGE)[report](run(result(ORDERS, finding())))
    assert "QS101" in written
    assert "app/orders.py" in written
    assert ORDERS in written


@pytest.mark.parametrize("name", RUNS)
def test_sarif_is_valid_by_the_schema_of_oasis(name: str) -> None:
    schema = stdjson.loads((SCHEMAS / "sarif-2.1.0.json").read_text("utf-8"))
    checker = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
    checker.validate(stdjson.loads(sarif.render(RUNS[name])))


@pytest.mark.parametrize("wrong", ["level", "message"])
def test_the_schema_of_oasis_refuses_a_wrong_file(wrong: str) -> None:
    schema = stdjson.loads((SCHEMAS / "sarif-2.1.0.json").read_text("utf-8"))
    content = stdjson.loads(sarif.render(mixed()))
    content["runs"][0]["results"][0][wrong] = "grave"
    assert not jsonschema.Draft4Validator(schema).is_valid(content)


@pytest.mark.parametrize("name", RUNS)
def test_json_keeps_its_contract(name: str) -> None:
    schema = stdjson.loads((SCHEMAS / "report-1.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(stdjson.loads(json.render(RUNS[name])))


@pytest.mark.parametrize(
    ("key", "value"), [("path", "../app.py"), ("line", 0), ("path", "app\\orders.py")]
)
def test_the_contract_refuses_what_is_no_call_site(key: str, value: object) -> None:
    schema = stdjson.loads((SCHEMAS / "report-1.json").read_text("utf-8"))
    content = json.to_json(mixed())
    content["findings"][0]["call_sites"][0][key] = value
    assert not jsonschema.Draft202012Validator(schema).is_valid(content)


@pytest.mark.parametrize("name", RUNS)
def test_json_is_read_back_as_it_was(name: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.render(RUNS[name]), encoding="utf-8")
    assert json.read_json(path) == RUNS[name]


def test_hostile_text_is_hostile_in_every_way_that_is_tested() -> None:
    for threat in ("</script>", "<!--", "|", "`", "::error::", "\x1b", "\n", "@", "$", "\u202e"):
        assert threat in HOSTILE
