"""Runs a command and writes what it, and everything that it started, spent.

``python spent.py RESULT COMMAND…``: seconds of CPU and of the clock, and the most memory that
the whole tree of processes held at one moment. Descendants that outlive the command (a
throw-away server) are adopted (``prctl(2)``, PR_SET_CHILD_SUBREAPER) and waited for, so that
their CPU is counted, too. Linux only; standard library only.
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_PAGE = resource.getpagesize()
_EVERY_SECONDS = 0.05


def main() -> int:
    """Run, wait for all, write the result; the status is the command's."""
    result, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    peak = Peak()
    began = time.monotonic()
    process = subprocess.Popen(command)
    peak.watch()
    status = process.wait()
    seconds = time.monotonic() - began
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    peak.end()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    Path(result).write_text(
        json.dumps(
            {
                "wall_seconds": seconds,
                "cpu_seconds": used.ru_utime + used.ru_stime,
                "peak_bytes": peak.bytes,
            }
        )
    )
    return status


class Peak:
    """The most resident memory that all descendants held together, by looking often."""

    def __init__(self) -> None:
        self.bytes = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def watch(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            self.bytes = max(self.bytes, sum(resident(pid) for pid in descendants(os.getpid())))


def descendants(pid: int) -> Iterator[int]:
    """The processes that a process has started, and those that they did."""
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(each) for each in listed.read_text().split()]
        except OSError:
            continue
        for child in children:
            yield child
            yield from descendants(child)


def resident(pid: int) -> int:
    """Resident bytes of a process; 0 when it has just gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0


def cpu_seconds(pid: int) -> float:
    """CPU of a process, of its children that have ended, and of those that live."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0
    for each in (pid, *descendants(pid)):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / ticks


if __name__ == "__main__":
    sys.exit(main())
