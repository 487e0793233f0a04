"""Exit statuses of the ``querysafe`` command, the same for every subcommand."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the shell is told; BSD ``sysexits.h`` is followed where it has a word."""

    OK = 0
    FINDINGS = 1
    """The command worked and found something that the mode counts as a failure."""
    USAGE = 2
    """An option, argument or setting is wrong (click's own number)."""
    FAILED = 3
    """The command itself could not do its work: a file, a program or a server failed."""
    BUSY = 75
    """The same work is being done already; try again later (``EX_TEMPFAIL``)."""
