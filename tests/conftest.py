"""What every test of ours may use."""

import os
import signal

import pytest

pytest_plugins = ["pytester"]

# A shell ignores these in what it starts in the background, and so would every child of a
# test: what is proved about an end by a signal would be the shell's.
for each, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(each) is signal.SIG_IGN:
        signal.signal(each, default)


@pytest.fixture(autouse=True)
def _settings_of_its_own(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project made by a test is run by its own settings, not by this suite's environment."""
    if "pytester" in request.fixturenames:
        for variable in [name for name in os.environ if name.startswith("QUERYSAFE_")]:
            if variable != "QUERYSAFE_REQUIRE":
                monkeypatch.delenv(variable)
