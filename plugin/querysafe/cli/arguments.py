"""A password in an argument is warned of, and blotted out where other users can read it."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import click

_SECRET = re.compile(
    r"""://[^/@:\s]*:(?P<url>[^@\s]+)@      # scheme://user:secret@host
    |\bpassword\s*=\s*(?:'(?P<quoted>[^']+)'|(?P<word>[^\s&']+))""",
    re.VERBOSE,
)


def secrets_in(arguments: Sequence[str]) -> Iterator[str]:
    """The passwords that stand in URLs and connection strings, as they were written."""
    for argument in arguments:
        for found in _SECRET.finditer(argument):
            yield found["url"] or found["quoted"] or found["word"]


def warn_of_secrets(arguments: Sequence[str]) -> None:
    """Say that a password stands in an argument, and blot it out of this process' own.

    Whoever listed the processes before has read it.
    """
    found = tuple(secrets_in(arguments))
    if not found:
        return
    click.echo(
        "warning: a password stands in an argument, where every user of this machine can read it\n"
        "  hint: leave it out, and set PGPASSWORD, or use a passfile or a libpq service",
        err=True,
    )
    if sys.platform == "linux":
        with suppress(OSError, ValueError, IndexError):
            _blot_out(found)


def _blot_out(secrets: Sequence[str]) -> None:
    """Overwrite them where ``/proc/self/cmdline`` shows them (proc_pid_stat(5), fields 48, 49)."""
    import ctypes

    stat = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace")
    fields = stat.rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    if not 0 < start < end:
        return
    shown = ctypes.string_at(start, end - start)
    for secret in secrets:
        wanted = secret.encode(errors="surrogateescape")
        position = shown.find(wanted)
        while position >= 0:
            ctypes.memset(start + position, ord("*"), len(wanted))
            position = shown.find(wanted, position + len(wanted))
