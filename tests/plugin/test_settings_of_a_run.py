"""Options as pytest takes them: listed in its help, checked before any test runs."""

import re
import subprocess
import sys

import pytest

from querysafe.options import OPTIONS
from tests.plugin.conftest import Project

HEAVY = ("sqlalchemy", "celery", "boto3", "psycopg", "rich", "sqlparse", "querysafe.analysis")
LOADED = f"""
import sys
HEAVY = {HEAVY!r}

def pytest_unconfigure():
    print("loaded:", [name for name in HEAVY if name in sys.modules])
"""


def test_the_help_of_pytest_lists_every_option_with_its_text(project: Project) -> None:
    text = " ".join(project.run("--help").stdout.str().split())
    for option in OPTIONS:
        assert re.search(rf" {option.flag}[ =]", text), option.flag
        assert text.count(" ".join(option.help.split())) == 2, option.name
        assert re.search(rf" {option.ini} \(", text), option.ini


def test_the_help_of_pytest_loads_none_of_the_heavy_packages(project: Project) -> None:
    project.write("conftest.py", LOADED)
    project.run_apart("--help").stdout.fnmatch_lines(["loaded: []"])


def test_a_suite_without_sqlalchemy_never_loads_it(project: Project) -> None:
    project.write("conftest.py", LOADED)
    project.write("test_plain.py", "def test_plain(): pass\n")
    result = project.run_apart()
    result.assert_outcomes(passed=1)
    loaded = next(line for line in result.stdout.lines if line.startswith("loaded: "))
    assert "'sqlalchemy'" not in loaded
    assert "'psycopg'" not in loaded


def test_importing_the_package_loads_none_of_the_heavy_packages() -> None:
    program = f"import sys, querysafe; print([n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("argument", "message", "hint"),
    [
        ("--querysafe=chek", '--querysafe is "chek"', "write one of off, report, check"),
        (
            "--querysafe-jsno=x",
            'there is no option "--querysafe-jsno"',
            'did you mean "--querysafe-json"?',
        ),
        ("--querysafe-select=QS999", 'there is no rule "QS999"', "the rules are QS101, *"),
        ("--querysafe-ignore=n-plus-two", 'there is no rule "n-plus-two"', "the rules are *"),
    ],
)
def test_a_wrong_argument_ends_the_run_before_it_begins(
    project: Project, argument: str, message: str, hint: str
) -> None:
    project.write("test_plain.py", "def test_plain(): pass\n")
    result = project.run(argument)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}", f"  hint: {hint}"])
    assert "INTERNALERROR" not in result.stdout.str()


def test_in_mode_check_a_baseline_that_cannot_be_read_ends_the_run_before_it_begins(
    project: Project,
) -> None:
    project.write("test_plain.py", "def test_plain(): pass\n")
    project.write("querysafe-baseline/test_plain.txt", "<<<<<<< HEAD\n")
    result = project.run("--querysafe=check")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *unfinished merge*", "  hint: *"])


def test_rules_may_be_named_by_id_or_by_name(project: Project) -> None:
    project.write("test_plain.py", "def test_plain(): pass\n")
    project.run("--querysafe-ignore=qs101,duplicate-read").assert_outcomes(passed=1)


def test_the_plugin_loads_where_there_is_no_file_locking_of_unix() -> None:
    program = (
        "import sys\n"
        "sys.modules['fcntl'] = sys.modules['pwd'] = sys.modules['grp'] = None\n"
        "import pytest\n"
        "sys.exit(pytest.main(['--help', '-p', 'no:cacheprovider']))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--querysafe-json" in done.stdout
