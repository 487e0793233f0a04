"""The files of a run: serial or with workers, whole or failing, read again afterwards."""

import json
import re
from pathlib import Path

import pytest

from querysafe.errors import RecordingError
from querysafe.report import ndjson
from querysafe.report.recordings import Folders
from tests.plugin.conftest import Project

TESTS = """
import pytest
import shop

@pytest.mark.parametrize("number", range(4))
def test_naive(session, number):
    assert len(shop.products(session)) == 6

def test_cured(session):
    assert len(shop.products_at_once(session)) == 6

def test_without_queries():
    pass
"""
WORKERS = ("-p", "no:randomly", "-p", "no:asyncio", "-p", "no:anyio")
SET_UP = 9
"""Statements that the fixture of each test sends; all but the call phase are in the timeline, too."""
FILES = {"json": "r.json", "sarif": "r.sarif", "html": "r.html", "markdown": "r.md"}
ASKED = tuple(f"--querysafe-{name}=out/{file}" for name, file in FILES.items())


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("test_shop.py", TESTS)
    return project


def data(page: str, name: str) -> str:
    found = re.search(f'id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return found[1]


def test_a_page_has_every_timeline_with_and_without_workers(shop: Project) -> None:
    pages = []
    for arguments, without in (((), None), (("-n", "2"), WORKERS)):
        run = (*arguments, "--querysafe-html=report.html")
        result = shop.run_apart(*run, **({"without": without} if without else {}))
        result.assert_outcomes(passed=6)
        pages.append((shop.root / "report.html").read_text("utf-8"))
    for page in pages:
        tests = json.loads(data(page, "run"))["tests"]
        assert [test["recording"] for test in tests] == [0, 1, 2, 3, 4, None]
        kept = [json.loads(line) for line in data(page, "recordings").strip().split("\n")]
        assert [len(queries) for queries in kept] == [
            test["queries"] + SET_UP for test in tests if test["queries"]
        ]
    serial, parallel = (
        [test["queries"] for test in json.loads(data(page, "run"))["tests"]] for page in pages
    )
    assert serial == parallel


def test_reports_from_recordings_are_those_of_the_run(shop: Project) -> None:
    report = shop.report("--querysafe-record=out/recordings")
    assert report["recordings"] == "out/recordings"
    run = Folders(shop.root / "out/recordings").run()
    assert [test.nodeid for test in run.tests] == [test["nodeid"] for test in report["tests"]]
    assert [test.queries for test in run.tests] == [test["queries"] for test in report["tests"]]
    assert len(run.findings) == len(report["findings"]) == 4
    assert {finding.cure for finding in run.findings} == {
        finding["cure"] for finding in report["findings"]
    }


def test_recordings_elsewhere_are_named_by_their_whole_path(
    shop: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    report = shop.report(f"--querysafe-record={elsewhere}")
    assert Path(report["recordings"]) == elsewhere.resolve()
    assert shop.report()["recordings"] is None


def test_a_recording_knows_what_the_new_baseline_accepts(shop: Project) -> None:
    shop.run("--querysafe-update", "--querysafe-record=recordings")
    run = Folders(shop.root / "recordings").run()
    assert {finding.verdict.value for finding in run.findings} == {"accepted"}


def test_every_file_of_a_run_is_written_and_named(shop: Project) -> None:
    result = shop.run(*ASKED)
    assert {path.name for path in (shop.root / "out").iterdir()} == set(FILES.values())
    for name, file in FILES.items():
        result.stdout.fnmatch_lines([f"querysafe: {name} report: out/{file}"])


def test_a_file_that_cannot_be_written_fails_the_run_and_keeps_none_back(shop: Project) -> None:
    shop.write("blocked", "a file, where a folder is needed")
    result = shop.run("--querysafe-json=blocked/r.json", "--querysafe-html=r.html")
    result.assert_outcomes(passed=6)
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(['*"*blocked/r.json" cannot be written*'])
    assert (shop.root / "r.html").exists()


@pytest.mark.soak
def test_nothing_temporary_is_left(
    shop: Project, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(place))
    shop.run_apart("-n", "2", "--querysafe-html=r.html", without=WORKERS).assert_outcomes(passed=6)
    assert [path.name for path in place.iterdir() if path.name.startswith("querysafe")] == []


def test_a_recording_that_cannot_be_written_fails_no_test(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RecordingError('"recordings" cannot be written: No space left on device')

    monkeypatch.setattr(ndjson, "write_text", refuse)
    result = shop.run("--querysafe-record=recordings")
    result.assert_outcomes(passed=6)
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    assert result.stdout.str().count("No space left on device") == 1


def test_annotations_and_the_summary_are_for_github_only(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = shop.root / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    shop.run().stdout.no_fnmatch_line("::error*")
    assert not summary.exists()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(shop.root.parent))
    shop.run().stdout.fnmatch_lines([f"::error file={shop.root.name}/shop.py,line=*QS101*"])
    assert summary.read_text("utf-8").startswith("## querysafe: 1 finding")
    shop.run("--querysafe-github=off").stdout.no_fnmatch_line("::error*")


def test_junit_tells_queries_and_findings(shop: Project) -> None:
    shop.run("--junitxml=junit.xml")
    written = (shop.root / "junit.xml").read_text("utf-8")
    assert written.count('<property name="querysafe.queries" value="4"') == 4
    assert written.count('<property name="querysafe.finding" value="QS101 ') == 4


def test_what_an_earlier_run_recorded_is_not_mixed_into_the_new_one(shop: Project) -> None:
    folder = shop.root / "recordings"
    shop.run("--querysafe-record=recordings")
    kept = {path.name for path in folder.iterdir()}
    gone = next(iter(kept))
    renamed = folder / "test_renamed-0123456789.ndjson"
    renamed.write_text((folder / gone).read_text())
    log = folder / "application.ndjson"
    log.write_text('{"db.query.text": "SELECT 1"}\n')
    shop.run("--collect-only", "--querysafe-record=recordings")
    assert renamed.exists()
    shop.run("--querysafe-record=recordings")
    assert {path.name for path in folder.iterdir()} == kept | {log.name}
