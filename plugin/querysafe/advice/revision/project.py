"""A project with Alembic: where its configuration is, and how its worker is called."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from querysafe.advice.revision.errors import RevisionError

CANDIDATES = ("alembic.ini", "pyproject.toml", "migrations/alembic.ini")
"""The last is Flask-Migrate's, which names no ``script_location``: its folder is the one."""
_SECONDS = 900.0
_DOING = {
    "start": "opening the Alembic project",
    "upgrade": "running the project's migrations up",
    "downgrade": "running the migrations down",
    "stamp": "stamping the throw-away database",
    "facts": "reading the metadata of env.py",
    "differences": "comparing the models with the database",
    "generate": "generating the revision",
    "sql": "rendering the revision as SQL",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The throw-away database. Its ``repr`` shows no password."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    dbname: str

    def url(self) -> str:
        """For libpq, with the password: never for a log."""
        from urllib.parse import quote, urlencode

        from querysafe.postgres.cluster import OWN

        return (
            f"postgresql://{quote(self.user)}:{quote(self.password, safe='')}@{self.host}"
            f":{self.port}/{quote(self.dbname)}?{urlencode(OWN)}"
        )

    def to_json(self) -> dict[str, str]:
        """For the worker's standard input."""
        return {
            "host": self.host,
            "port": str(self.port),
            "user": self.user,
            "password": self.password,
            "dbname": self.dbname,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """An Alembic project."""

    file: Path
    """``alembic.ini``, or a ``pyproject.toml`` with ``[tool.alembic]``."""
    section: str = "alembic"
    directory: Path
    """Where the worker runs: relative paths of the configuration are below it."""

    @classmethod
    def find(cls, given: Path | None = None, *, section: str = "alembic") -> "Project":
        """Open the given file or folder, or what the current folder has.

        Raises :class:`RevisionError` when there is no Alembic project.
        """
        start = given or Path()
        files = [start] if start.is_file() else [start / name for name in CANDIDATES]
        for file in files:
            if file.is_file() and _is_alembic(file, section):
                return cls(
                    file=file.resolve(), section=section, directory=_directory(file, section)
                )
        named = str(given) if given else "this folder"
        raise RevisionError(
            f'no Alembic project was found in "{named}"',
            hint="name it: --project path/to/alembic.ini",
        )

    def call(
        self,
        place: Place,
        actions: Iterable[tuple[str, Mapping[str, Any]]],
        *,
        location: Path | None = None,
        overlay: Mapping[str, str] | None = None,
    ) -> list[Any]:
        """Run actions of :class:`querysafe.advice.revision.worker.Project` in one process.

        Raises :class:`RevisionError` saying what failed, where and why.
        """
        with tempfile.TemporaryDirectory(prefix="querysafe-worker-") as folder:
            answer = Path(folder) / "answer.json"
            request = {
                "file": str(self.file),
                "section": self.section,
                "directory": str(self.directory),
                "origin": str(Path.cwd()),
                "place": place.to_json(),
                "location": str(location) if location else None,
                "overlay": dict(overlay or {}),
                "actions": [list(each) for each in actions],
                "answer": str(answer),
            }
            done = self._run(json.dumps(request))
            if not answer.exists():
                said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
                raise RevisionError(f"the project's env.py ended the process: {said[0]}")
            told = json.loads(answer.read_text(encoding="utf-8"))
        if told["error"]:
            raise _failure(told["error"])
        results: list[Any] = told["results"]
        return results

    def _run(self, request: str) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run(
                [sys.executable, "-W", "ignore", "-m", "querysafe.advice.revision.worker"],
                input=request,
                capture_output=True,
                text=True,
                errors="replace",
                cwd=self.directory,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RevisionError(
                f"the project's migrations did not end within {_SECONDS:g} seconds"
            ) from None


class WorkerFailed(RevisionError):
    """a step in the project failed"""

    def __init__(self, action: str, sort: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.action = action
        self.sort = sort


def _failure(error: Mapping[str, str]) -> WorkerFailed:
    action, sort, words = error["action"], error["type"], error["words"]
    where = f" ({error['place']})" if error["place"] else ""
    hint = None
    if sort in ("ModuleNotFoundError", "ImportError"):
        hint = "install querysafe into the environment of the project, with its dependencies"
    elif sort == "NoAppException":
        hint = (
            "env.py asks for the Flask application: set FLASK_APP as for `flask db upgrade`, and run "
            "this in the same folder"
        )
    elif sort == "KeyError":
        hint = (
            "env.py reads a setting that is not there: set the environment variable that it needs"
        )
    elif sort == "AssertionError" and action in ("upgrade", "downgrade"):
        hint = (
            "env.py opens the transaction itself, so that no index can be built concurrently: "
            "leave that to `with context.begin_transaction():`"
        )
    elif sort == "WrongDatabase" and "not to PostgreSQL" in words:
        hint = (
            "set the variable that gives the application its database to a URL of PostgreSQL, as for "
            "its own server: no connection is made there, all go to the throw-away database"
        )
    elif action in ("start", "facts", "differences"):
        hint = (
            "does env.py run only within the application's own server? Then take the indexes by "
            "querysafe advise ... --format sql, and put each into a revision that the application's "
            "own command makes, within `with op.get_context().autocommit_block():`"
        )
    elif action == "upgrade":
        hint = "the migrations must run on an empty database; --no-proof writes without trying"
    doing = _DOING.get(action, action)
    return WorkerFailed(action, sort, f"{doing} failed{where}: {sort}: {words}", hint=hint)


def _is_alembic(file: Path, section: str) -> bool:
    if file.suffix == ".toml":
        import tomllib

        try:
            content = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            return False
        return "alembic" in content.get("tool", {})
    return _script_location(file, section) is not None or (file.parent / "env.py").is_file()


def _script_location(file: Path, section: str) -> str | None:
    parser = ConfigParser(interpolation=None)
    try:
        parser.read(file, encoding="utf-8")
        return parser.get(section, "script_location", fallback=None)
    except (ConfigError, UnicodeDecodeError):
        return None


def _directory(file: Path, section: str) -> Path:
    """The folder that the configuration's relative paths mean: the current one, or the file's."""
    location = None if file.suffix == ".toml" else _script_location(file, section)
    here = Path.cwd()
    if location and not location.startswith(("%(here)s", "/")) and ":" not in location:
        for folder in (here, file.resolve().parent):
            if (folder / location / "env.py").is_file():
                return folder
    return file.resolve().parent
