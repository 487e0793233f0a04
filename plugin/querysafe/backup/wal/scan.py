"""What WAL segments say of times and names, read by ``pg_waldump``."""

import os
import re
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from querysafe.backup.wal.names import parse_lsn
from querysafe.errors import ServerError
from querysafe.postgres.programs import Program

_COMMIT = re.compile(
    r"desc: (?:COMMIT|ABORT)\w*(?: PREPARED)?(?: \d+:)? ?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) UTC"
)
_POINT = re.compile(r"lsn: (\S+),.*desc: RESTORE_POINT (.*)$")


def last_commit(program: Program, segments: Iterable[Path]) -> datetime | None:
    """When the last transaction of some segments ended; they are looked at from the last on."""
    for path in reversed(list(segments)):
        found = _COMMIT.findall(_dump(program, path, "Transaction"))
        if found:
            return datetime.strptime(found[-1], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
    return None


def restore_point(program: Program, segments: Iterable[Path], name: str) -> int | None:
    """Where the first restore point of a name lies in some segments."""
    for path in segments:
        for line in _dump(program, path, "XLOG").splitlines():
            found = _POINT.search(line)
            if found and found[2].strip() == name:
                return parse_lsn(found[1].rstrip(","))
    return None


def _dump(program: Program, path: Path, manager: str) -> str:
    """What ``pg_waldump`` prints; that a segment ends before its last record is no error."""
    try:
        done = subprocess.run(
            [str(program.path), f"--rmgr={manager}", str(path)],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=300,
            env={**os.environ, "TZ": "UTC", "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServerError(f'"{program.path}" cannot be run: {error}') from None
    return done.stdout
