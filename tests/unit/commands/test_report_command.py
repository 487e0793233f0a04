"""``querysafe report``: what it reads, what it writes, its exit status and its errors."""

import json as stdjson
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from querysafe.recording import Recording
from querysafe.report import json, ndjson
from tests.unit.report.runs import (
    ORDERS,
    RUNS,
    finding,
    mixed,
    orders_recording,
    query,
    result,
    run,
)

SCHEMAS = Path(__file__).parent.parent / "report" / "schemas"
OTHER = "tests/test_other.py::test_other"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two shards with their recordings, a log of an application, and files that are wrong."""
    shards = {
        "one": run(result(ORDERS, finding(), queries=7), recordings="rec-one", stale=("gone",)),
        "two": run(result(OTHER, queries=2), mode="check", stale=("gone",), notes=("two",)),
    }
    for name, shard in shards.items():
        (tmp_path / f"{name}.json").write_text(json.render(shard))
        for test in shard.tests:
            recording = replace(orders_recording(), name=test.nodeid)
            ndjson.write(recording, tmp_path / f"rec-{name}", test)
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "old.json").write_text('{"schema": 0}')
    (tmp_path / "new.json").write_text('{"schema": 2}')
    (tmp_path / "half.json").write_text('{"schema": 1, "tests": [{}], "findings": []}')
    (tmp_path / "rec-new").mkdir()
    (tmp_path / "rec-new/t.ndjson").write_text('{"querysafe": "recording", "schema": 2}\n')
    (tmp_path / "app.ndjson").write_text(f"{stdjson.dumps(query('SELECT 1', 0).to_event())}\n")
    return tmp_path


def report(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")
    }
    return subprocess.run(
        [sys.executable, "-m", "querysafe", "report", *arguments],
        cwd=place,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["one.json"], 0, ""),
        (["rec-one"], 0, ""),
        (["one.json", "--fail-on", "warning"], 1, ""),
        (["two.json", "--fail-on", "warning"], 0, ""),
        ([], 2, "SOURCE"),
        (["absent.json"], 2, "does not exist"),
        (["one.json", "--format", "pdf"], 2, "'pdf' is not one of"),
        (["broken.json"], 3, '"broken.json" is not JSON'),
        (["list.json"], 3, "is no report of schema 1"),
        (["old.json"], 3, "is no report of schema 1 (its schema is 0)"),
        (["new.json"], 3, "a newer querysafe wrote it"),
        (["half.json"], 3, '"half.json" is damaged: KeyError'),
        (["rec-new"], 3, "a newer querysafe wrote it"),
        (["empty"], 3, "holds no recordings"),
        (["one.json", "--output", "broken.json/report.txt"], 3, "cannot be written"),
    ],
)
def test_the_exit_status_and_the_error_say_what_happened(
    place: Path, arguments: list[str], status: int, words: str
) -> None:
    done = report(place, *arguments)
    assert (done.returncode, words in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr
    assert status < 2 or done.stdout == ""


@pytest.mark.parametrize("form", ["text", "json", "markdown", "github", "sarif", "html"])
def test_recordings_alone_give_every_report_that_the_run_gave(place: Path, form: str) -> None:
    from_json = report(place, "one.json", "--format", form)
    from_recordings = report(place, "rec-one", "--format", form)
    assert from_json.returncode == from_recordings.returncode == 0, from_recordings.stderr
    assert "QS101" in from_recordings.stdout
    if form not in ("json", "html", "text", "markdown"):  # these tell of the baseline, too
        assert from_json.stdout == from_recordings.stdout


def test_shards_are_put_together(place: Path) -> None:
    merged = stdjson.loads(report(place, "one.json", "two.json", "--format", "json").stdout)
    assert [test["nodeid"] for test in merged["tests"]] == [ORDERS, OTHER]
    assert [each["rule"] for each in merged["findings"]] == ["QS101"]
    assert (merged["mode"], merged["stale"], merged["notes"]) == ("check", ["gone"], ["two"])
    schema = stdjson.loads((SCHEMAS / "report-1.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(merged)


def test_of_a_test_in_two_reports_the_last_counts_and_that_is_said(place: Path) -> None:
    (place / "again.json").write_text(json.render(run(result(ORDERS, queries=1))))
    merged = stdjson.loads(report(place, "one.json", "again.json", "--format", "json").stdout)
    assert [test["queries"] for test in merged["tests"]] == [1]
    assert merged["findings"] == []
    assert "1 test is in several of the sources: the last counts" in merged["notes"]


def test_a_report_counts_more_than_its_recordings(place: Path) -> None:
    (place / "later.json").write_text(json.render(run(result(ORDERS, queries=7))))
    merged = stdjson.loads(
        report(place, "later.json", "rec-one", "rec-two", "--format", "json").stdout
    )
    assert merged["findings"] == []
    assert [test["nodeid"] for test in merged["tests"]] == [ORDERS, OTHER]
    assert merged["notes"] == []


def test_the_page_of_a_report_finds_the_recordings_that_it_names(place: Path) -> None:
    with_timelines = report(place, "one.json", "--format", "html").stdout
    assert "Order(1,)" in with_timelines
    without = report(place, "two.json", "--format", "html")
    assert "no recordings: the page has no timelines" in without.stderr
    both = report(place, "two.json", "rec-two", "--format", "html", "--output", "page.html")
    assert both.stdout == ""
    assert "html report: page.html" in both.stderr
    assert "Order(1,)" in (place / "page.html").read_text("utf-8")


def test_source_is_quoted_from_below_the_root_only(place: Path) -> None:
    for folder in ("checkout/app", "app"):
        (place / folder).mkdir(parents=True)
        (place / folder / "orders.py").write_text(f"# {folder}\n" * 20)
    inside = report(place, "one.json", "--format", "html", "--root", "checkout").stdout
    assert "# checkout/app" in inside
    outside = finding(call_sites=(replace(finding().call_sites[0], path="../app/orders.py"),))
    (place / "evil.json").write_text(json.render(run(result(ORDERS, outside))))
    assert (
        "# app" not in report(place, "evil.json", "--format", "html", "--root", "checkout").stdout
    )


def test_a_log_of_an_application_is_shown_and_said_to_be_unjudged(place: Path) -> None:
    done = report(place, "app.ndjson")
    assert "1 recording without a result" in done.stdout
    assert "0 findings, 1 query in 1 test" in done.stdout


def test_top_says_how_to_see_the_rest(place: Path) -> None:
    (place / "many.json").write_text(json.render(mixed()))
    assert "more findings (--top 0 shows all)" in report(place, "many.json", "--top", "1").stdout
    assert report(place, "many.json", "--top", "0").stdout.count("\n  test ") == 7
    short = report(place, "many.json", "--format", "markdown", "--top", "2").stdout
    assert short.count("<details>") == 2


def test_a_pipe_gets_no_colours_and_any_text(place: Path) -> None:
    for name, each in RUNS.items():
        (place / f"{name}.json").write_text(json.render(each), encoding="utf-8")
        for form in ("text", "markdown", "github"):
            done = report(place, f"{name}.json", "--format", form)
            assert done.returncode == 0, done.stderr
            assert "\x1b" not in done.stdout


def test_a_report_of_nothing_is_written(place: Path) -> None:
    (place / "nothing.json").write_text(json.render(run()))
    done = report(place, "nothing.json")
    assert (done.returncode, done.stdout) == (0, "0 tests, and none sent a query.\n")
    ndjson.write(Recording(name="t.py::t"), place / "silent", result("t.py::t", queries=0))
    assert report(place, "silent").stdout == "1 test, and none sent a query.\n"
