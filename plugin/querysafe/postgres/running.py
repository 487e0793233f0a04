"""Running one program: its arguments as a list, secrets in its environment only."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from querysafe.errors import ServerError
from querysafe.postgres.programs import Program

_TAIL = 2000


def run(
    program: Program,
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    timeout_seconds: float = 60.0,
    user: str | None = None,
) -> str:
    """Run a program to its end and return what it printed.

    ``environment`` is added to this process's own; passwords belong there (``PGPASSWORD``, or
    ``PGPASSFILE``, which then replaces a password of this process's own environment).
    ``user`` runs it as another user, which needs root. Raises :class:`ServerError` with the
    end of what it said when it fails or takes longer.
    """
    whole = {**os.environ, "LC_ALL": "C", **(environment or {})}
    if "PGPASSFILE" in (environment or {}) and "PGPASSWORD" not in (environment or {}):
        whole.pop("PGPASSWORD", None)  # libpq would take it first
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [str(program.path), *arguments],
            env=whole,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
            cwd=Path(program.path).anchor,
            **as_user(user),
        )
    except subprocess.TimeoutExpired:
        raise ServerError(
            f'"{program.name}" did not end within {timeout_seconds:g} seconds'
        ) from None
    except OSError as error:
        raise ServerError(f'"{program.path}" cannot be run: {error.strerror}') from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-_TAIL:]
        raise ServerError(f'"{program.name}" ended with status {done.returncode}: {said}')
    return done.stdout


def as_user(user: str | None) -> dict[str, Any]:
    """What :mod:`subprocess` needs to run something as another user."""
    if user is None:
        return {}
    import pwd

    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def unprivileged() -> str:
    """PostgreSQL refuses to run as root: the user that it runs as then."""
    import pwd

    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise ServerError(
        "PostgreSQL does not run as root, and there is no other user to run it as",
        hint="create a user named postgres, or do not run as root",
    )
