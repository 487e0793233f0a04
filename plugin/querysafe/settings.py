"""``Settings``: the value of every option, and where each came from."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from querysafe.errors import SettingsError
from querysafe.options import BY_NAME, OPTIONS, Option, did_you_mean

OTHER_VARIABLES = (
    "QUERYSAFE_BACKUP_DATABASE",
    "QUERYSAFE_BACKUP_IDENTITY",
    "QUERYSAFE_BACKUP_PING_URL",
    "QUERYSAFE_BACKUP_RECIPIENT",
    "QUERYSAFE_BACKUP_REPOSITORY",
    "QUERYSAFE_REQUIRE",
)
"""Environment variables of ours that are no option."""
SECTIONS = ("advice", "backup")
"""Tables below ``[tool.querysafe]`` that a command of ours reads itself."""
_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What querysafe is told. Field names are those of :data:`querysafe.options.OPTIONS`."""

    mode: str = "report"
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    fail_on: str = "warning"
    threshold: int = 2
    max_queries: int | None = None
    max_seconds: float | None = None
    slow_seconds: float = 0.5
    root_packages: tuple[str, ...] = ()
    library_paths: tuple[str, ...] = ()
    baseline: Path = Path("querysafe-baseline")
    update: bool = False
    grow: bool = False
    grow_factor: int = 2
    cold_session: bool = False
    plans: bool = False
    statistics: Path | None = None
    rows: tuple[str, ...] = ()
    json: Path | None = None
    sarif: Path | None = None
    html: Path | None = None
    markdown: Path | None = None
    record: Path | None = None
    github: str = "auto"
    top: int = 10
    postgres_server: str = "auto"
    postgres_bin: Path | None = None
    sources: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), compare=False, repr=False
    )
    """Option name to where its value was set: ``command line``, ``default`` …"""


def resolve(
    *,
    command_line: Mapping[str, Any] = MappingProxyType({}),
    environ: Mapping[str, str] | None = None,
    ini: Mapping[str, Any] = MappingProxyType({}),
    pyproject: Path | None = None,
) -> Settings:
    """Find every option's value: command line, then environment, ini file, ``pyproject.toml``.

    The mappings of the command line and the ini file are keyed by option name; a value of
    ``None`` is "not given". Raises :class:`SettingsError` for a name that does not exist
    and for a value that the option does not take.
    """
    environment = _from_environment(os.environ if environ is None else environ)
    layers: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("command line", command_line),
        ("environment", environment),
        ("ini file", ini),
        ("pyproject.toml", _from_pyproject(pyproject)),
    )
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for option in OPTIONS:
        for source, layer in layers:
            given = layer.get(option.name)
            if given is not None and not (source == "ini file" and given in ("", [])):
                values[option.name] = read(option, given, _place(option, source))
                sources[option.name] = source
                break
        else:
            default = option.default
            values[option.name] = (
                Path(default) if option.sort == "path" and default is not None else default
            )
            sources[option.name] = "default"
    return Settings(**values, sources=MappingProxyType(sources))


def read(option: Option, given: Any, place: str) -> Any:
    """Turn what was written into the option's type.

    Raises :class:`SettingsError` that names the place and what may be written.
    """
    if option.sort == "flag":
        return _flag(given, place)
    if option.sort == "choice":
        text = str(given)
        if text not in option.choices:
            allowed = ", ".join(option.choices)
            raise SettingsError(f'{place} is "{text}"', hint=f"write one of {allowed}")
        return text
    if option.sort == "list":
        return _list(given, place)
    if option.sort in ("integer", "number"):
        return _number(option, given, place)
    if not isinstance(given, str | Path):
        raise SettingsError(f'{place} is "{given}"', hint="write a text, in quotes")
    return Path(given).expanduser() if option.sort == "path" else given


def _flag(given: Any, place: str) -> bool:
    if isinstance(given, bool):
        return given
    text = str(given).strip().lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise SettingsError(f'{place} is "{given}"', hint="write true or false")


def _list(given: Any, place: str) -> tuple[str, ...]:
    parts = given.replace("\n", ",").split(",") if isinstance(given, str) else given
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise SettingsError(f'{place} is "{given}"', hint='write a list of texts: ["one", "two"]')
    return tuple(part.strip() for part in parts if part.strip())


def _number(option: Option, given: Any, place: str) -> float | int:
    kind = int if option.sort == "integer" else float
    try:
        number = kind(str(given))
    except ValueError:
        word = "a whole number" if kind is int else "a number"
        raise SettingsError(f'{place} is "{given}"', hint=f"write {word}") from None
    if not number >= option.least:
        raise SettingsError(f'{place} is "{given}"', hint=f"write {option.least:g} or more")
    return number


def _place(option: Option, source: str) -> str:
    return {
        "command line": option.flag,
        "environment": f"the environment variable {option.variable}",
        "ini file": f"the ini setting {option.ini}",
        "pyproject.toml": f"[tool.querysafe] {option.name}",
    }[source]


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    by_variable = {option.variable: option.name for option in OPTIONS}
    found: dict[str, str] = {}
    for name, value in environ.items():
        if name in by_variable:
            if value:
                found[by_variable[name]] = value
        elif name.startswith("QUERYSAFE_") and name not in OTHER_VARIABLES:
            raise SettingsError(
                f'the environment variable "{name}" is no setting of querysafe',
                hint=did_you_mean(name, (*by_variable, *OTHER_VARIABLES)),
            )
    return found


def _from_pyproject(path: Path | None) -> Mapping[str, Any]:
    if path is None or not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f'"{path}" cannot be read: {error}') from None
    tools = content.get("tool", {})
    table = tools.get("querysafe", {}) if isinstance(tools, dict) else tools
    if not isinstance(table, dict):
        raise SettingsError(
            f'"tool.querysafe" in "{path}" is no table', hint="write [tool.querysafe]"
        )
    for name, value in table.items():
        if name in SECTIONS and isinstance(value, dict):
            continue
        if name not in BY_NAME:
            raise SettingsError(
                f'[tool.querysafe] has no option "{name}"', hint=did_you_mean(name, BY_NAME)
            )
    return table
