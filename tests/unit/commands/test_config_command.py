"""``querysafe config show``: every option, its value, and the place that sets it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from querysafe.cli import main
from querysafe.options import OPTIONS


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for option in OPTIONS:
        monkeypatch.delenv(option.variable, raising=False)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return tmp_path


def show(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["config", "show", *arguments])


def test_without_any_setting_every_option_is_shown_with_its_default() -> None:
    done = show("--format", "json")
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert [row["name"] for row in rows] == [option.name for option in OPTIONS]
    assert {row["place"] for row in rows} == {"default"}
    by_name = {row["name"]: row["value"] for row in rows}
    assert (by_name["mode"], by_name["threshold"], by_name["baseline"], by_name["allow"]) == (
        "report",
        2,
        "querysafe-baseline",
        [],
    )


def test_each_place_is_named_and_the_nearer_one_wins(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "pyproject.toml").write_text(
        '[tool.querysafe]\ntop = 1\nthreshold = 3\nmode = "off"\nallow = ["QS201"]\n'
    )
    (project / "pytest.ini").write_text(
        "[pytest]\naddopts = --querysafe=check\nquerysafe_threshold = 4\nquerysafe_top = 5\n"
    )
    monkeypatch.setenv("QUERYSAFE_TOP", "6")
    assert show("--changed").stdout.splitlines() == [
        "mode       check  addopts or PYTEST_ADDOPTS: --querysafe",
        "allow      QS201  pyproject.toml: [tool.querysafe] allow",
        "threshold  4      pytest.ini: querysafe_threshold",
        "top        6      QUERYSAFE_TOP",
    ]


@pytest.mark.parametrize(
    "name",
    ["max_queries", "querysafe_max_queries", "QUERYSAFE_MAX_QUERIES"],
)
def test_an_option_is_found_by_every_name_that_it_has(name: str) -> None:
    assert show(name).stdout == "max_queries  -  default\n"


@pytest.mark.parametrize(
    ("name", "meant"),
    [("max_querys", "max_queries"), ("querysafe_jsn", "json"), ("QUERYSAFE_TPO", "top")],
)
def test_a_misspelt_name_is_answered_with_the_one_that_was_meant(name: str, meant: str) -> None:
    done = show(name)
    assert done.exit_code == 2
    assert done.stderr == (f'error: there is no option "{name}"\n  hint: did you mean "{meant}"?\n')


def test_a_wrong_value_is_an_error_that_names_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERYSAFE_TOP", "vier")
    done = show()
    assert done.exit_code == 2
    assert done.stderr == (
        'error: the environment variable QUERYSAFE_TOP is "vier"\n  hint: write a whole number\n'
    )


def test_what_keeps_pytest_from_starting_is_shown(project: Path) -> None:
    (project / "conftest.py").write_text("import nothing_of_that_name\n")
    done = show()
    assert done.exit_code == 2
    assert "No module named 'nothing_of_that_name'" in done.stderr


def test_a_switched_off_plugin_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:querysafe")
    done = show()
    assert done.exit_code == 2
    assert "the plugin querysafe is switched off here" in done.stderr


def test_nothing_set_is_said_aside_from_the_data() -> None:
    done = show("--changed")
    assert (done.stdout, done.stderr) == ("", "every option has its default\n")


def test_asking_loads_no_sqlalchemy(project: Path) -> None:
    (project / "conftest.py").write_text(
        "import atexit, sys\n"
        "atexit.register(lambda: open('loaded', 'w').write(str('sqlalchemy' in sys.modules)))\n"
    )
    subprocess.run([sys.executable, "-m", "querysafe", "config", "show"], check=True)
    assert (project / "loaded").read_text() == "False"
