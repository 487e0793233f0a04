"""The options that name a moment of the WAL archive, the same for ``restore`` and ``drill``."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from querysafe.errors import SettingsError

if TYPE_CHECKING:
    from querysafe.backup.base.target import Moment

NAMES = ("to", "to_latest", "to_time", "to_lsn", "to_name", "timeline")
"""The parameters that :func:`options` adds to a command."""
_UTC = re.compile(r" ?(UTC|GMT)$")
_EXAMPLE = "2026-01-31T12:00:00+00:00"


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command."""
    for option in reversed(
        (
            click.option(
                "--to", metavar="TIME|latest", help="Recover to a time, or to the archive's end."
            ),
            click.option("--to-latest", is_flag=True, help="… to the end (the default)."),
            click.option("--to-time", metavar="TIME", help="… to a time, with its offset."),
            click.option("--to-lsn", metavar="LSN", help="… to a position of the log."),
            click.option("--to-name", metavar="NAME", help="… to a restore point."),
            click.option(
                "--timeline",
                type=click.IntRange(min=1),
                help="Follow this timeline, not the newest.",
            ),
        )
    ):
        command = option(command)
    return command


def named(given: Mapping[str, Any]) -> str | None:
    """The first of the options that was given, as it is typed; ``None`` when none was."""
    return next((f"--{name.replace('_', '-')}" for name in NAMES if _is_given(given[name])), None)


def _is_given(value: object) -> bool:
    """Whether an option was given: an empty text, as of an empty variable of a shell, was."""
    return value is not None and value is not False


def parse(given: Mapping[str, Any]) -> "Moment":
    """The moment that the options name.

    Raises :class:`click.UsageError` when they exclude each other, and
    :class:`SettingsError` for what is no time with an offset, or no LSN.
    """
    from querysafe.backup.base.target import Moment
    from querysafe.backup.wal.names import parse_lsn

    chosen = [name for name in NAMES[:-1] if _is_given(given[name])]
    if len(chosen) > 1:
        both = " and ".join(f"--{name.replace('_', '-')}" for name in chosen)
        raise click.UsageError(f"{both} exclude each other")
    text, lsn = given["to"] if given["to_time"] is None else given["to_time"], None
    time = None if text in (None, "latest") else _time(text)
    try:
        if given["to_lsn"] is not None:
            lsn = parse_lsn(given["to_lsn"])
    except ValueError:
        raise SettingsError(f'--to-lsn is "{given["to_lsn"]}"', hint="write 0/3000148") from None
    if given["to_name"] == "":
        raise SettingsError("--to-name is empty", hint="write the name of a restore point")
    return Moment(time=time, lsn=lsn, name=given["to_name"], timeline=given["timeline"])


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(_UTC.sub("+00:00", text.strip()))
    except ValueError:
        raise SettingsError(
            f'"{text}" is no time', hint=f"write {_EXAMPLE}; --to-lsn and --to-name name the others"
        ) from None
    if time.utcoffset() is None:
        raise SettingsError(
            f'the time "{text}" has no offset, so which moment it means is not clear',
            hint=f"write {time.isoformat()}+00:00 for UTC",
        )
    return time
