"""What every test of ours may use."""

import os
import signal
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

# A shell ignores these in what it starts in the background, and so would every child of a
# test: what is proved about an end by a signal would be the shell's.
for each, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(each) is signal.SIG_IGN:
        signal.signal(each, default)


STEERING = ("QUERYSAFE_", "PG", "LEXICON_")
"""How the variables begin that steer what is tested."""


def _surroundings() -> tuple[dict[str, str], Path]:
    found = {name: value for name, value in os.environ.items() if name.startswith(STEERING)}
    return found, Path.cwd()


BEFORE = _surroundings()


@pytest.fixture(autouse=True)
def _nothing_leaks_from_other_tests() -> None:
    """A fixture of a session that changes the environment changes it for whoever comes next."""
    assert _surroundings() == BEFORE, "a fixture that outlives its test has changed this"


@pytest.fixture(autouse=True)
def _settings_of_its_own(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    _nothing_leaks_from_other_tests: None,
) -> None:
    """A project made by a test is run by its own settings, not by this suite's environment."""
    if "pytester" in request.fixturenames:
        for variable in [name for name in os.environ if name.startswith("QUERYSAFE_")]:
            if variable != "QUERYSAFE_REQUIRE":
                monkeypatch.delenv(variable)
