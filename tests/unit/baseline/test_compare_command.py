"""``querysafe compare``: its inputs, its output and its exit status."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from querysafe.baseline import Baseline, write
from querysafe.cli import main
from tests.unit.baseline.builders import IDENTITY, TEST, accepting


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name, count in {"six": 6, "sixty": 60, "clean": 0}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(report(count)))
    write(tmp_path / "baseline", accepting({IDENTITY: 6}))
    write(tmp_path / "nothing-accepted", Baseline())
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.json").write_text("{")
    return tmp_path


def report(count: int) -> dict[str, Any]:
    site = {"path": "app/orders.py", "line": 10, "function": "list_orders"}
    found = {
        "nodeid": TEST,
        "rule": "QS101",
        "label": "Order.lines",
        "count": count,
        "call_sites": [site],
        "parent": None,
        "cure": "",
        "statement": "SELECT 1",
        "severity": "error",
    }
    ran = {"nodeid": TEST, "queries": 10, "database_seconds": 0.01, "outcome": "passed"}
    return {"schema": 1, "findings": [found] if count else [], "tests": [ran]}


def invoke(directory: Path, base: str, head: str, *options: str) -> Result:
    arguments = ["compare", str(directory / base), str(directory / head), *options]
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize(
    ("base", "head", "status"),
    [
        ("six.json", "sixty.json", 1),
        ("clean.json", "six.json", 1),
        ("sixty.json", "six.json", 0),
        ("six.json", "six.json", 0),
        ("baseline", "six.json", 0),
        ("baseline", "sixty.json", 1),
        ("nothing-accepted", "six.json", 1),
        ("six.json", "baseline", 0),
        ("broken.json", "six.json", 3),
        ("empty", "six.json", 2),
        ("absent.json", "six.json", 2),
    ],
)
def test_the_exit_status_follows_what_got_worse(
    directory: Path, base: str, head: str, status: int
) -> None:
    done = invoke(directory, base, head)
    assert done.exit_code == status, done.output


def test_worse_is_status_0_when_nothing_may_fail(directory: Path) -> None:
    done = invoke(directory, "six.json", "sixty.json", "--fail-on", "never")
    assert done.exit_code == 0
    assert "1 test got worse" in done.stdout


def test_the_text_names_the_call_site_and_has_no_colours_in_a_pipe(directory: Path) -> None:
    done = invoke(directory, "six.json", "sixty.json")
    assert "app/orders.py:10 list_orders" in done.stdout
    assert "QS101 Order.lines: 6 → 60 worse" in done.stdout
    assert "\x1b[" not in done.stdout


def test_json_and_markdown_are_all_that_stdout_holds(directory: Path) -> None:
    written = invoke(directory, "six.json", "sixty.json", "--format", "json")
    assert json.loads(written.stdout)["worse"] is True
    markdown = invoke(directory, "six.json", "sixty.json", "--format", "markdown")
    assert markdown.stdout.startswith("### 🔴 Database queries: 1 test got worse")


def test_a_file_that_cannot_be_read_is_an_error_on_stderr(directory: Path) -> None:
    done = invoke(directory, "broken.json", "six.json")
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")


def test_a_baseline_with_the_marker_of_a_merge_is_an_error(directory: Path) -> None:
    (directory / "baseline/tests/test_orders.txt").write_text("<<<<<<< HEAD\n")
    done = invoke(directory, "baseline", "six.json")
    assert done.exit_code == 3
    assert "unfinished merge" in done.stderr


def test_help_ends_with_exit_status_and_examples() -> None:
    text = CliRunner().invoke(main, ["compare", "--help"]).stdout
    assert text.index("Exit status:") < text.index("Examples:")
    assert "querysafe compare base.json head.json" in text
