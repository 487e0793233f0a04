"""The supervisor of a server: when it says ready, when it says failed, and what it leaves."""

import fcntl
import json
import subprocess
import sys
import time
from pathlib import Path

from querysafe.postgres import supervisor

SERVER = """
import pathlib, signal, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
file = pathlib.Path({pid_file!r})
for text in {texts!r}:
    file.write_text(text)
    time.sleep(0.2)
time.sleep({then})
"""


def supervise(folder: Path, texts: list[str], *, then: float, timeout: float = 30) -> list[str]:
    """Run the supervisor over a server that writes these texts into its file; tell its words."""
    (folder / "data").mkdir(parents=True)
    (folder / "users").touch()
    program = SERVER.format(
        pid_file=str(folder / "data" / "postmaster.pid"), texts=texts, then=then
    )
    start = {
        "command": [sys.executable, "-c", program],
        "data": str(folder / "data"),
        "user": None,
        "timeout_seconds": timeout,
    }
    (folder / "start.json").write_text(json.dumps(start))
    with (folder / "users").open("rb") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        running = subprocess.Popen(
            [sys.executable, supervisor.__file__, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert running.stdout is not None
        said = [running.stdout.readline().strip()]
    said.append(str(running.wait(30)))
    running.stdout.close()
    return said


def test_a_file_that_is_empty_at_first_is_a_server_that_is_still_starting(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    assert supervise(folder, ["", "1\n", "1\nstarting\n", "1\nready   \n"], then=60) == [
        "ready",
        "0",
    ]
    assert not folder.exists()


def test_a_server_that_ends_before_it_is_ready_has_failed(tmp_path: Path) -> None:
    assert supervise(tmp_path / "server", ["", "1\nstarting\n"], then=0) == ["failed", "1"]


def test_a_server_that_is_never_ready_is_stopped_in_the_end(tmp_path: Path) -> None:
    began = time.monotonic()
    said = supervise(tmp_path / "server", ["1\nstarting\n"], then=60, timeout=1)
    assert said == ["failed", "1"]
    assert time.monotonic() - began < 30
