"""The options as pytest knows them: command line and ini file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from querysafe.errors import SettingsError
from querysafe.options import OPTIONS, Option, did_you_mean
from querysafe.settings import Settings, resolve

_KEY = pytest.StashKey[Settings]()


def register(parser: pytest.Parser) -> None:
    """Declare every option to pytest."""
    groups: dict[str, Any] = {}
    for option in OPTIONS:
        group = groups.get(option.group)
        if group is None:
            group = parser.getgroup(
                f"querysafe-{option.group.lower().replace(' ', '-')}",
                f"querysafe: {option.group.lower()}",
            )
            groups[option.group] = group
        arguments: dict[str, Any] = {"dest": _destination(option), "help": option.help}
        if option.sort == "flag":
            arguments |= {"action": "store_const", "const": True, "default": None}
        else:
            arguments |= {"action": "store", "default": None}
            arguments["metavar"] = option.metavar or "|".join(option.choices)
        group.addoption(option.flag, **arguments)
        sort: Literal["linelist", "string"] = "linelist" if option.sort == "list" else "string"
        parser.addini(option.ini, option.help, type=sort, default=None)


def check_flags(arguments: Sequence[str]) -> None:
    """Raise :class:`pytest.UsageError` for a flag that begins like ours and does not exist."""
    known = tuple(option.flag for option in OPTIONS)
    for argument in arguments:
        flag = argument.partition("=")[0]
        if flag.startswith("--querysafe") and flag not in known:
            raise pytest.UsageError(
                f'there is no option "{flag}"\n  hint: {did_you_mean(flag, known)}'
            )


def from_pytest(config: pytest.Config) -> Settings:
    """The settings of a pytest run, resolved once.

    Raises :class:`pytest.UsageError` for a setting that cannot be understood.
    """
    known = config.stash.get(_KEY, None)
    if known is not None:
        return known
    try:
        settings = resolve(
            command_line={
                option.name: config.getoption(_destination(option), None) for option in OPTIONS
            },
            ini={option.name: _ini(config, option) for option in OPTIONS},
            pyproject=_pyproject(config.rootpath),
        )
        if settings.select or settings.ignore:
            from querysafe.analysis.registry import rule

            for name in (*settings.select, *settings.ignore):
                rule(name)
    except SettingsError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[_KEY] = settings
    return settings


def _destination(option: Option) -> str:
    return f"querysafe_option_{option.name}"


def _ini(config: pytest.Config, option: Option) -> Any:
    try:
        return config.getini(option.ini)
    except (KeyError, ValueError):
        return None


def _pyproject(root: Path) -> Path:
    return root / "pyproject.toml"
