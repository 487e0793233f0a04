"""An advice that is cut off leaves no clone, no server and no file."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.advise.bench import Bench
from tests.integration.postgres.conftest import eventually

SIGNALS = [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "ended by SIGTERM")]
MANY = "".join(
    f"SELECT * FROM orders WHERE user_id = {i} AND id > {i} + user_id"
    f" AND {' + '.join(['id'] * (i + 1))} > 0;\n"
    for i in range(400)
)
"""So different that each is planned by itself: an advice of seconds."""
MOMENTS = [0.0, 0.4]
"""Seconds after the clone is there: while it is made, and while it is asked."""


def _cut(running: "subprocess.Popen[str]", number: signal.Signals) -> None:
    """As a terminal or a supervisor of services does it: the whole group is told."""
    os.killpg(running.pid, number)


@pytest.fixture
def begun(shop: Bench) -> Callable[[float], "subprocess.Popen[str]"]:
    """An advice that has made its clone, some seconds ago."""
    shop.write("many.sql", MANY)

    def begin(seconds: float) -> "subprocess.Popen[str]":
        running = shop.start(
            "many.sql", "--output", "advice.html", "--format", "html", "--database", shop.url
        )
        assert eventually(lambda: bool(shop.clones(running.pid)) or running.poll() is not None)
        assert running.poll() is None, "it has ended too early"
        time.sleep(seconds)
        return running

    return begin


@pytest.mark.parametrize("seconds", MOMENTS)
@pytest.mark.parametrize(("number", "status", "words"), SIGNALS, ids=["SIGINT", "SIGTERM"])
def test_a_signal_leaves_no_clone_and_no_file(
    shop: Bench,
    begun: Callable[[float], "subprocess.Popen[str]"],
    number: signal.Signals,
    status: int,
    words: str,
    seconds: float,
) -> None:
    running = begun(seconds)
    _cut(running, number)
    done = shop.end(running)
    assert (done.status, words in done.stderr) == (status, True), done
    assert shop.clones(running.pid) == []
    assert sorted(path.name for path in shop.folder.iterdir()) == ["many.sql", "orders.sql"]


def test_a_clone_that_a_killed_advice_left_is_swept_by_the_next(
    shop: Bench, begun: Callable[[float], "subprocess.Popen[str]"]
) -> None:
    running = begun(0.2)
    running.kill()
    shop.end(running)
    assert eventually(
        lambda: shop.advise("orders.sql").status == 0 and not shop.clones(running.pid)
    )


def test_an_embedded_server_ends_with_the_advice_that_is_killed(
    shop: Bench, tmp_path: Path
) -> None:
    mark = f"QUERYSAFE_TEST_MARK={tmp_path}"
    running = shop.start(
        "orders.sql", "--place", "embedded", "--database", shop.url,
        QUERYSAFE_TEST_MARK=str(tmp_path),
    )  # fmt: skip
    assert eventually(lambda: any(b"postgres" in each for each in _marked(mark).values()))
    running.kill()
    running.communicate()
    assert eventually(lambda: not _marked(mark))


def _marked(mark: str) -> dict[int, bytes]:
    """The processes whose environment has a mark, by what they run."""
    found = {}
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark.encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = (folder / "cmdline").read_bytes()
        except OSError:
            continue
    return found
