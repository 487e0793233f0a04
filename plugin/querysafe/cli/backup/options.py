"""Options that several commands of ``querysafe backup`` share."""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from querysafe.backup.repository import Repository, open_repository
from querysafe.cli.shell import complain, settled, stop_writing

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

repository: Decorator = click.option(
    "--repository",
    envvar="QUERYSAFE_BACKUP_REPOSITORY",
    show_envvar=True,
    required=True,
    metavar="R",
    help="Where backups live: a directory or s3://bucket/prefix.",
)
backup_id: Decorator = click.option(
    "--id",
    "backup_id",
    default="latest",
    show_default=True,
    metavar="ID",
    help="Which backup; latest is the newest whole one.",
)
form: Decorator = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to write the result.",
)
identity: Decorator = click.option(
    "--identity",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="QUERYSAFE_BACKUP_IDENTITY",
    show_envvar=True,
    metavar="FILE",
    help="File with the private key of an encrypted backup.",
)
bin_directory: Decorator = click.option(
    "--postgres-bin",
    "bin_directory",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="QUERYSAFE_POSTGRES_BIN",
    show_envvar=True,
    metavar="DIRECTORY",
    help="Where the PostgreSQL programs are.",
)


_COUNTERS = (
    ("--daily", 7, "Of how many days to keep the newest."),
    ("--weekly", 4, "Of how many ISO weeks to keep the newest."),
    ("--monthly", 12, "Of how many months to keep the newest."),
)


def retained(command: Callable[..., Any]) -> Callable[..., Any]:
    """How many of each calendar unit a retention keeps: three options."""
    for name, default, told in reversed(_COUNTERS):
        command = click.option(
            name, type=click.IntRange(min=0), default=default, show_default=True, help=told
        )(command)
    return command


def opened(location: str, *, create: bool = False) -> Repository:
    """Open the repository that an option names."""
    return open_repository(location, create=create)


def say(form: str, content: Any, text: Iterable[str]) -> None:
    """Print a result as JSON or as lines of text."""
    if form == "json":
        is_utf8 = (getattr(sys.stdout, "encoding", None) or "utf-8").lower() in ("utf-8", "utf8")
        click.echo(json.dumps(content, indent=2, ensure_ascii=not is_utf8, default=str))
        return
    for line in text:
        click.echo(line)


def announce(form: str, content: Any, text: Iterable[str]) -> None:
    """Print what was done, which stands whether or not it can be printed, or a signal comes now.

    Whoever hears of a failure does the same again, or distrusts a backup that is whole: when
    standard output takes nothing, standard error says so, and the status is that of the deed.
    """
    settled()
    lines = list(text)
    try:
        say(form, content, lines)
    except OSError as error:
        stop_writing()
        complain(
            f"warning: standard output cannot be written ({error.strerror}); this was done all "
            f"the same: {'; '.join(lines)}"
        )


def size(count: float) -> str:
    """A number of bytes for people: ``12.3 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
