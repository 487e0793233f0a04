"""pytest-xdist, reruns and random order: every report is the one of a serial run."""

import json
import re
from pathlib import Path

import pytest

from tests.plugin.conftest import Project

TESTS = """
import pytest
import querysafe
import shop

pytestmark = pytest.mark.querysafe(allow=["QS104"], reason="a module's allowance that is stale")

@pytest.fixture(scope="module")
def known(engine):
    from sqlalchemy.orm import Session
    with Session(engine) as session:
        shop.products(session)
        return session.scalars(shop.select(shop.Order)).all()

@pytest.mark.parametrize("number", range(5))
def test_naive(session, known, number):
    shop.products(session)

@pytest.mark.querysafe(max_queries=1)
@pytest.mark.parametrize("number", range(3))
def test_cured(known, session, number):
    shop.products_at_once(session)

class TestClass:
    @pytest.mark.querysafe(allow=["Order.lines"], reason="small")
    def test_allowed(self, session):
        shop.products(session)

    def test_ignored(self, session):
        with querysafe.ignore(reason="two rows"):
            shop.products(session)

    def test_fails(self, session):
        shop.products(session)
        assert False

    @pytest.mark.skip
    def test_skipped(self):
        pass
"""
PEERS = ("-p", "no:anyio", "-p", "no:asyncio")
SERIAL = (*PEERS, "-p", "no:xdist", "-p", "no:randomly")
FILES = ("json", "sarif", "markdown")
TIMES = re.compile(
    r'"(database_seconds|seconds|querysafe.started_seconds|db.client.operation.duration)": [0-9.e-]+'
)
SPANS = re.compile(r"[0-9.,]+ s in the database|\| [0-9.,]+ \|$", re.MULTILINE)


def _written(
    project: Project, folder: str, *arguments: str, without: tuple[str, ...]
) -> dict[str, str]:
    """Run pytest with every report, and read all that it wrote, without times."""
    out = project.root / folder
    out.mkdir()
    options = [f"--querysafe-{name}={out / name}" for name in FILES]
    options.append(f"--querysafe-record={out / 'record'}")
    result = project.run_apart(*options, "--querysafe-update", *arguments, without=without)
    result.assert_outcomes(passed=30, failed=3, skipped=3)
    (project.root / "querysafe-baseline").rename(out / "baseline")
    texts = {
        path.relative_to(out).as_posix(): path.read_text()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }
    return {
        name: SPANS.sub("", TIMES.sub("", text))
        .replace(str(out), "OUT")
        .replace(f"{folder}/", "OUT/")
        for name, text in texts.items()
    }


@pytest.fixture
def modules(project: Project) -> Project:
    for name in ("test_one.py", "tests/test_two.py", "tests/test_three.py"):
        project.write(name, TESTS)
    return project


@pytest.mark.parametrize(
    "arguments",
    [
        ("-n2", "--dist=worksteal", "-p", "no:randomly"),
        pytest.param(("-n3", "--dist=loadfile"), marks=pytest.mark.soak),
    ],
)
def test_any_number_and_order_of_workers_writes_what_a_serial_run_writes(
    modules: Project, arguments: tuple[str, ...]
) -> None:
    serial = _written(modules, "serial", without=SERIAL)
    assert '"rule": "QS101"' in serial["json"]
    assert [name for name in serial if name.startswith("baseline") and name.endswith(".txt")]
    assert sum(name.startswith("record") for name in serial) == 36
    found = _written(modules, "workers", *arguments, without=PEERS)
    assert sorted(found) == sorted(serial)
    for name, text in serial.items():
        assert found[name] == text, name


@pytest.mark.soak
def test_random_order_and_dist_each_write_the_same(modules: Project) -> None:
    serial = _written(modules, "serial", without=SERIAL)
    shuffled = _written(modules, "shuffled", "-p", "randomly", "-p", "no:xdist", without=PEERS)
    assert shuffled == serial


def test_findings_fail_in_workers_and_in_all_of_them(modules: Project) -> None:
    arguments = ("--querysafe=check", "--querysafe-json=out.json")
    result = modules.run_apart(*arguments, "-n2", "--dist=each", without=SERIAL[:-4])
    result.assert_outcomes(passed=2 * 6, failed=2 * 27, skipped=2 * 3)
    result.stdout.fnmatch_lines(["*QS101 n-plus-one*"])
    assert len(json.loads((modules.root / "out.json").read_text())["tests"]) == 36


def test_a_worker_that_dies_is_a_failed_test_and_the_others_are_reported(project: Project) -> None:
    project.write(
        "test_shop.py",
        """
import os
import time
import shop

def test_a(session):
    shop.products(session)

def test_dies(session):
    shop.products(session)
    time.sleep(1)  # so that what was reported before is sent
    os._exit(1)

def test_z(session):
    shop.products(session)
""",
    )
    project.run("--querysafe-update", "--deselect", "test_shop.py::test_dies")
    before = project.baseline()
    content = project.report(
        "-n2", "--dist=load", "--querysafe-update", apart=True, without=SERIAL[:-4]
    )
    outcomes = {each["nodeid"].rpartition("::")[2]: each["outcome"] for each in content["tests"]}
    assert outcomes == {"test_a": "passed", "test_dies": "failed", "test_z": "passed"}
    assert project.baseline() == before


def test_the_folder_of_recordings_that_only_the_page_needs_is_shared_and_removed(
    modules: Project, tmp_path: Path
) -> None:
    pytest.importorskip("querysafe.report.html")
    place = tmp_path / "temporary"
    place.mkdir()
    modules.monkeypatch.setenv("TMPDIR", str(place))
    modules.run_apart("--querysafe-html=page.html", "-n2", without=SERIAL[:-4])
    page = (modules.root / "page.html").read_text()
    assert "SELECT lines.id" in page
    assert [path.name for path in place.iterdir() if path.name.startswith("querysafe")] == []
