"""The directory of baseline files: one text file per test module, mirroring its path."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from querysafe.baseline.model import Accepted, Baseline, merged, module_of
from querysafe.baseline.text import HEADER, parse, render
from querysafe.errors import BaselineError

_NOTE_NAME = "README.md"
_NOTE = """\
# What the tests may ask of the database

Written by `pytest --querysafe-update`, read by every run with querysafe; commit it. Each file
holds, for the tests of one module, the findings that the team accepts for now and how often
each statement ran. A run fails on what is worse, never on what is written here.
"""


def exists(directory: Path) -> bool:
    """Whether a baseline was ever written there: true also when nothing had to be accepted."""
    return (directory / _NOTE_NAME).is_file() or next(_files(directory), None) is not None


def file_of(directory: Path, module: str) -> Path:
    """The file with the entries of a test module: ``tests/test_orders.txt`` in the directory."""
    path = PurePosixPath(module.replace("\\", "/"))
    parts = ["up" if part == ".." else part for part in path.parts if part != path.anchor]
    name = path.stem if path.suffix == ".py" else path.name
    return directory.joinpath(*parts[:-1], f"{name}.txt")


def load(directory: Path) -> Baseline:
    """Read every baseline file below a directory; nothing is accepted when there is none.

    Raises :class:`BaselineError` when a file cannot be read.
    """
    return merged(parse(_read(path), str(path)) for path in _files(directory))


def write(directory: Path, baseline: Baseline) -> tuple[Path, ...]:
    """Make the directory say what the baseline says; return the files changed or removed.

    Each file is replaced as a whole or not at all; files that are equal already are
    left alone. Files that do not begin like a baseline are never touched.
    Raises :class:`BaselineError` when the directory cannot be written.
    """
    modules: dict[str, dict[str, Accepted]] = {}
    for nodeid, entry in baseline.tests.items():
        modules.setdefault(module_of(nodeid), {})[nodeid] = entry
    wanted = {file_of(directory, module): render(module, modules[module]) for module in modules}
    changed: list[Path] = []
    try:
        _replace(directory / _NOTE_NAME, _NOTE)
        changed += [path for path, text in sorted(wanted.items()) if text and _replace(path, text)]
        for path in sorted(_files(directory)):
            if not wanted.get(path) and _read(path).startswith(HEADER):
                path.unlink()
                changed.append(path)
                _prune(path.parent, directory)
    except OSError as error:
        raise BaselineError(
            f"the baseline in '{directory}' cannot be written: {error.strerror}",
            hint="check the permissions, or choose another place with --querysafe-baseline",
        ) from error
    return tuple(changed)


def _files(directory: Path) -> Iterator[Path]:
    yield from sorted(directory.rglob("*.txt"))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineError(
            f"'{path}' cannot be read: {error}",
            hint="restore the file, or remove it and type: pytest --querysafe-update",
        ) from error


def _replace(path: Path, text: str) -> bool:
    data = text.encode("utf-8")
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return True


def _prune(directory: Path, root: Path) -> None:
    """Remove directories that became empty, up to the root, which stays."""
    while directory != root and not any(directory.iterdir()):
        directory.rmdir()
        directory = directory.parent
