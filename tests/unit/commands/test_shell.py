"""The command line itself: commands loaded late, errors in our words, pipes and colours."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from querysafe.cli import COMMANDS, main
from querysafe.cli.shell import BROKEN_PIPE, Shell
from querysafe.errors import BaselineError, SettingsError


@click.group(cls=Shell)
def shell() -> None:
    """A shell with commands that fail in every way."""


@shell.command()
def setting() -> None:
    """Set something wrongly."""
    raise SettingsError('"mode" is "chek"', hint="write one of off, report, check")


@shell.command()
def file() -> None:
    """Read a file that is not there."""
    raise BaselineError()


@shell.command()
def stop() -> None:
    """Be interrupted."""
    raise KeyboardInterrupt


@shell.command()
@click.option("--colour-me", is_flag=True)
def speak(colour_me: bool) -> None:
    """Say something."""
    click.secho("spoken", fg="green", color=True if colour_me else None)


@shell.command()
def broken() -> None:
    """Have a bug."""
    raise ZeroDivisionError


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "querysafe", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
    )


def test_a_wrong_setting_is_said_with_its_hint_and_status_2() -> None:
    done = CliRunner().invoke(shell, ["setting"])
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr == ('error: "mode" is "chek"\n  hint: write one of off, report, check\n')


def test_a_failure_is_status_3_and_its_default_message_is_the_class_docstring() -> None:
    done = CliRunner().invoke(shell, ["file"])
    assert (done.exit_code, done.stderr) == (3, "error: the baseline cannot be read or written\n")


def test_an_interruption_ends_with_the_status_that_shells_expect() -> None:
    done = CliRunner().invoke(shell, ["stop"])
    assert done.exit_code == 130
    assert done.stderr.endswith("error: interrupted\n")


def test_a_bug_is_not_hidden() -> None:
    done = CliRunner().invoke(shell, ["broken"])
    assert isinstance(done.exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["speek"], 'there is no command "speek"', 'did you mean "speak"?'),
        (["zzz"], 'there is no command "zzz"', "known are broken, file, setting, speak, stop"),
        (["speak", "--colour"], 'there is no option "--colour"', 'did you mean "--colour-me"?'),
        (["speak", "now"], "got unexpected extra argument (now)", "see `shell speak --help`"),
        (["--zzz"], 'there is no option "--zzz"', "see `shell --help`"),
    ],
)
def test_a_misspelt_word_is_answered_with_the_one_that_was_meant(
    arguments: list[str], message: str, hint: str
) -> None:
    done = CliRunner().invoke(shell, arguments, prog_name="shell")
    assert done.exit_code == 2
    assert done.stderr == f"error: {message}\n  hint: {hint}\n"


def test_no_command_at_all_shows_the_help_and_is_status_2() -> None:
    done = CliRunner().invoke(shell, [])
    assert done.exit_code == 2
    assert "Commands:" in done.stderr
    assert done.stdout == ""


def test_each_command_says_in_its_own_help_what_the_list_says_of_it() -> None:
    context = click.Context(main)
    for name, line in COMMANDS.items():
        command = main.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert (command.help or "").startswith(line.removesuffix(".")), name


def test_every_file_of_the_package_is_a_command_the_shell_or_what_they_share() -> None:
    folder = Path(sys.modules["querysafe.cli"].__file__ or "").parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "shell", "numbers"}
    groups = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert files | groups == set(COMMANDS)


def test_the_list_of_commands_loads_none_of_them_and_no_sqlalchemy() -> None:
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from querysafe.cli import main\n"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0\n"
        "heavy = {'sqlalchemy', 'pytest', 'rich', 'sqlparse', 'psycopg'} & sys.modules.keys()\n"
        "ours = {name for name in sys.modules if name.startswith('querysafe.cli.')}\n"
        "print(sorted(heavy), sorted(ours - {'querysafe.cli.shell'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "[] []\n", done.stderr


def test_the_version_names_what_a_report_of_a_bug_should_name() -> None:
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("querysafe ")
    assert "SQLAlchemy 2." in done.stdout
    assert f"Python {sys.version_info.major}." in done.stdout


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f'"{sys.executable}" -m querysafe --help; echo "status $?" >&2'
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            ["sh", "-c", command], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writing)
    assert done.stderr == f"status {BROKEN_PIPE}\n"


def test_colours_are_for_terminals_and_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in run("nothing").stderr
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in CliRunner().invoke(shell, ["speak"], color=True).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in CliRunner().invoke(shell, ["speak"], color=True).stdout


SETTLES = """
import os, signal, sys
from querysafe.cli.shell import cleaning_up, settled
with cleaning_up(is_last=True):
    if sys.argv[1] == "settled":
        settled()
    if sys.argv[1] != "after":
        os.kill(os.getpid(), signal.SIGTERM)
os.kill(os.getpid(), signal.SIGTERM)
print("its own status")
"""


@pytest.mark.parametrize(
    ("when", "status", "said"),
    [("settled", 0, "its own status\n"), ("after", 0, "its own status\n"), ("before", 143, "")],
)
def test_a_signal_ends_what_is_not_done_and_leaves_the_status_of_what_is(
    when: str, status: int, said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SETTLES, when], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (status, said)
