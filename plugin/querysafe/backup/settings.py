"""``[tool.querysafe.backup]``: said once, for the command line, the tasks and the schedule."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from querysafe.backup.retention import Policy
from querysafe.backup.standing import Promise
from querysafe.errors import SettingsError
from querysafe.options import did_you_mean

_SPAN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|m|h|d|w)\s*")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
VARIABLES: Mapping[str, str] = {
    "repository": "QUERYSAFE_BACKUP_REPOSITORY",
    "database": "QUERYSAFE_BACKUP_DATABASE",
    "identity": "QUERYSAFE_BACKUP_IDENTITY",
    "ping_url": "QUERYSAFE_BACKUP_PING_URL",
}
"""Field to the environment variable that goes before the file; a ping URL is a secret, and is
read from nowhere else."""
SCHEDULE: Mapping[str, str] = {
    "create": "15 2 * * *",
    "base": "15 1 * * 0",
    "verify": "15 4 * * *",
    "drill": "15 5 * * *",
    "expire": "15 6 * * *",
    "wal_check": "*/5 * * * *",
}
"""When each kind of work begins, as crontab(5) writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a project says of its backups."""

    repository: str = ""
    database: str = field(default="", repr=False)
    kinds: tuple[str, ...] = ("logical",)
    """``logical``, ``base`` or both: what the schedule makes."""
    name: str = ""
    recipients: tuple[str, ...] = ()
    identity: Path | None = None
    daily: int = 7
    weekly: int = 4
    monthly: int = 12
    smoke: tuple[Path, ...] = ()
    server: str = field(default="", repr=False)
    """URL of a server for drills of logical backups; a throw-away one by default."""
    postgres_bin: Path | None = None
    max_age: timedelta = Promise().max_age
    max_base_age: timedelta = Promise().max_base_age
    max_verified_age: timedelta = Promise().max_verified_age
    max_wal_lag: timedelta | None = None
    schedule: Mapping[str, str] = field(default_factory=lambda: dict(SCHEDULE))
    time_limit: timedelta = timedelta(hours=6)
    """After which a task is ended."""
    queue: str = ""
    ping_url: str = field(default="", repr=False)

    @property
    def policy(self) -> Policy:
        """The retention."""
        return Policy(daily=self.daily, weekly=self.weekly, monthly=self.monthly)

    @property
    def promise(self) -> Promise:
        """What `querysafe backup status` judges by."""
        return Promise(
            max_age=self.max_age,
            max_base_age=self.max_base_age,
            max_verified_age=self.max_verified_age,
            max_wal_lag=self.max_wal_lag,
        )

    def needed(self, name: str) -> str:
        """A setting that must be there. Raises :class:`SettingsError` saying where to write it."""
        value = getattr(self, name)
        if not value:
            raise SettingsError(
                f'no "{name}" is set for backups',
                hint=f"set {VARIABLES[name]}, or write {name} below [tool.querysafe.backup]",
            )
        assert isinstance(value, str)
        return value


def read(table: Mapping[str, Any], *, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the table, and the environment, which goes before it.

    Raises :class:`SettingsError` naming what is wrong and what may be written.
    """
    environ = os.environ if environ is None else environ
    known = [each.name for each in fields(Settings) if each.name != "ping_url"]
    values: dict[str, Any] = {}
    for name, given in table.items():
        if name not in known:
            raise SettingsError(
                f'[tool.querysafe.backup] has no option "{name}"',
                hint=did_you_mean(name, tuple(known)),
            )
        values[name] = _READERS[name](f"[tool.querysafe.backup] {name}", given)
    for name, variable in VARIABLES.items():
        if environ.get(variable):
            values[name] = _READERS[name](variable, environ[variable])
    return Settings(**values)


def load(directory: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the ``pyproject.toml`` of a directory, or of the nearest one above that has one."""
    return read(table(directory), environ=environ)


def table(directory: Path | None = None) -> Mapping[str, Any]:
    """``[tool.querysafe.backup]``, its paths placed beside the file; empty when there is none."""
    start = (directory or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            try:
                content: Any = tomllib.loads(path.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                raise SettingsError(f'"{path}" cannot be read: {error}') from None
            for name in ("tool", "querysafe", "backup"):
                content = content.get(name, {}) if isinstance(content, dict) else {}
            if not isinstance(content, dict):
                raise SettingsError(
                    f'"tool.querysafe.backup" in "{path}" is no table',
                    hint="write [tool.querysafe.backup]",
                )
            return _placed(content, folder)
    return {}


def _placed(content: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """The paths of a project are its own, wherever below it a command runs."""

    def place(given: Any) -> Any:
        if isinstance(given, list):
            return [place(each) for each in given]
        if not isinstance(given, str) or not given or "://" in given:
            return given
        return str(folder / Path(given).expanduser())

    paths = ("repository", "identity", "smoke", "postgres_bin")
    return {name: place(value) if name in paths else value for name, value in content.items()}


def span(place: str, given: Any) -> timedelta:
    """Read ``26h``, ``8d`` or ``90s``. Raises :class:`SettingsError`."""
    found = _SPAN.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        raise SettingsError(f'{place} is "{given}"', hint='write "90s", "10m", "26h", "8d" or "2w"')
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def _text(place: str, given: Any) -> str:
    if not isinstance(given, str):
        raise SettingsError(f"{place} is no text", hint="write it in quotes")
    return given


def _texts(place: str, given: Any) -> tuple[str, ...]:
    if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
        raise SettingsError(f"{place} is no list of texts", hint='write ["one", "two"]')
    return tuple(given)


def _count(place: str, given: Any) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or given < 0:
        raise SettingsError(f'{place} is "{given}"', hint="write a whole number from 0")
    return given


def _kinds(place: str, given: Any) -> tuple[str, ...]:
    kinds = _texts(place, given)
    wrong = [each for each in kinds if each not in ("logical", "base")]
    if wrong or not kinds:
        raise SettingsError(
            f'{place} is "{", ".join(kinds)}"', hint='write ["logical"], ["base"] or both'
        )
    return kinds


def _path(place: str, given: Any) -> Path:
    return Path(_text(place, given)).expanduser()


def _paths(place: str, given: Any) -> tuple[Path, ...]:
    return tuple(Path(each).expanduser() for each in _texts(place, given))


def _times(place: str, given: Any) -> dict[str, str]:
    if not isinstance(given, dict):
        raise SettingsError(f"{place} is no table", hint='write {create = "15 2 * * *"}')
    for name, when in given.items():
        if name not in SCHEDULE:
            raise SettingsError(
                f'{place} knows no work "{name}"', hint=did_you_mean(name, SCHEDULE)
            )
        _text(f"{place}.{name}", when)
    return {**SCHEDULE, **given}


_READERS: Mapping[str, Any] = {
    "repository": _text,
    "database": _text,
    "kinds": _kinds,
    "name": _text,
    "recipients": _texts,
    "identity": _path,
    "daily": _count,
    "weekly": _count,
    "monthly": _count,
    "smoke": _paths,
    "server": _text,
    "postgres_bin": _path,
    "max_age": span,
    "max_base_age": span,
    "max_verified_age": span,
    "max_wal_lag": span,
    "schedule": _times,
    "time_limit": span,
    "queue": _text,
    "ping_url": _text,
}
