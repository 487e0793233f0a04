"""Keeps one PostgreSQL server for as long as anybody holds its lock, then removes it.

Run as a program of its own, so that a server ends also when those who use it are
killed: each user holds a shared lock on ``users``, which the kernel releases with the
process; this program waits for the exclusive lock. It needs the standard library only.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
"""Of ``linux/prctl.h``."""


def main() -> int:
    """Start the server described by ``start.json``, say "ready", wait, stop, clean up."""
    directory = Path(sys.argv[1])
    for name in (signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    start = json.loads((directory / "start.json").read_text())
    user = start["user"] or {}
    process = subprocess.Popen(
        start["command"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(directory / "log").open("ab"),
        cwd="/",
        start_new_session=True,
        preexec_fn=_die_with_parent,
        **({**user, "extra_groups": []} if user else {}),
    )
    pid_file = Path(start["data"]) / "postmaster.pid"
    deadline = time.monotonic() + start["timeout_seconds"]
    while process.poll() is None and time.monotonic() < deadline:
        if _is_ready(pid_file):
            break
        time.sleep(0.02)
    else:
        _stop(process)
        sys.stdout.write("failed\n")
        sys.stdout.flush()
        return 1
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    os.close(1)
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: asked.append(number))
    with (directory / "users").open("rb") as users:
        while process.poll() is None and not asked:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                time.sleep(0.1)
        (directory / "state.json").unlink(missing_ok=True)
        _stop(process)
        shutil.rmtree(directory, ignore_errors=True)
    return 0


def _is_ready(pid_file: Path) -> bool:
    """Whether the server's own file says so: its last line does, once it is written.

    Source: PostgreSQL, ``src/include/utils/pidfile.h``.
    """
    try:
        lines = pid_file.read_text().splitlines()
    except OSError:
        return False
    return bool(lines) and "ready" in lines[-1]


def _die_with_parent() -> None:
    """Let Linux stop the server (SIGINT) when this program itself is killed."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT))


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Fast shutdown (SIGINT); immediate (SIGQUIT) when that takes too long."""
    for name, seconds in ((signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        if process.poll() is not None:
            return
        process.send_signal(name)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


if __name__ == "__main__":
    sys.exit(main())
