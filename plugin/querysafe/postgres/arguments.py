"""A password in an argument is found, and blotted out where other users can read it."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

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


def hide_secrets(arguments: Sequence[str]) -> tuple[str, ...]:
    """Blot the passwords in some arguments out of this process' own, and return them.

    Only Linux can; whoever listed the processes before has read them.
    """
    found = tuple(secrets_in(arguments))
    if found and sys.platform == "linux":
        with suppress(OSError, ValueError, IndexError):
            _blot_out(found)
    return found


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
