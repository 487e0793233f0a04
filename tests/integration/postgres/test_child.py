"""A program ends with whoever runs it, and so does what it has started."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from querysafe.errors import ServerError
from querysafe.postgres.child import child
from querysafe.postgres.programs import Program
from tests.integration.postgres.conftest import eventually, is_running

RUNS = """
import sys, time
from pathlib import Path
from querysafe.postgres.child import child
from querysafe.postgres.programs import Program
with child(Program(name="x", path=Path(sys.argv[1]), version=(18, 0), source=""), [], {}) as running:
    print("runs", flush=True)
    time.sleep(60)
"""


def wrapper(folder: Path, *lines: str) -> Program:
    """A script in place of a program, with a child that it notes in a file ``pid``."""
    path = folder / "wrapper"
    text = "\n".join(["#!/bin/sh", "sleep 60 &", f"echo $! > {folder}/new", *lines])
    path.write_text(text.replace("MOVE", f"mv {folder}/new {folder}/pid"))
    path.chmod(0o755)
    return Program(name="wrapper", path=path, version=(18, 0), source="PATH")


def grandchild(folder: Path) -> int:
    """The child of the script, once it runs."""
    assert eventually(lambda: (folder / "pid").exists())
    return int((folder / "pid").read_text())


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_wrapper_has_started_ends_when_we_are_killed(
    tmp_path: Path, number: signal.Signals
) -> None:
    program = wrapper(tmp_path, "MOVE", "wait")
    with subprocess.Popen(
        [sys.executable, "-c", RUNS, str(program.path)], stdout=subprocess.PIPE
    ) as ours:
        assert ours.stdout is not None
        assert ours.stdout.readline() == b"runs\n"
        pid = grandchild(tmp_path)
        assert is_running(pid)
        os.kill(ours.pid, number)
    assert eventually(lambda: not is_running(pid))


def test_what_a_wrapper_leaves_behind_ends_with_the_block(tmp_path: Path) -> None:
    program = wrapper(tmp_path, "MOVE")
    with child(program, [], {"PATH": os.environ["PATH"]}) as running:
        assert running.finish() == ""
        pid = grandchild(tmp_path)
    assert eventually(lambda: not is_running(pid))


def test_a_failure_is_told_in_the_programs_own_words(tmp_path: Path) -> None:
    program = wrapper(tmp_path, "MOVE", "echo it broke >&2", "exit 7")
    with (
        pytest.raises(ServerError, match="ended with status 7: it broke"),
        child(program, [], {"PATH": os.environ["PATH"]}) as running,
    ):
        running.finish()


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_names_are_utf_8_also_where_the_locale_is_not(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f'#!/bin/sh\nprintf "%s" "$1$NAME" > {tmp_path}/said\n')
    script.chmod(0o755)
    text = RUNS.replace("[], {}", '["Möbel"], {"NAME": "\\U0001f600"}')
    text = text.replace("time.sleep(60)", "running.finish()")
    subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", text.replace("ö", "\\xf6"), str(script)],
        check=True,
        env={**os.environ, **ASCII},
        stdout=subprocess.DEVNULL,
    )
    assert (tmp_path / "said").read_text("utf-8") == "Möbel😀"
