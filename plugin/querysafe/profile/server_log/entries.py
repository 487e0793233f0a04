"""One entry of a server's log, whatever its format."""

from dataclasses import dataclass

SEVERITIES = ("DEBUG[1-5]", "INFO", "NOTICE", "WARNING", "LOG", "ERROR", "FATAL", "PANIC")


@dataclass(slots=True, kw_only=True)
class Entry:
    """What the server said at once; filled while its lines are read."""

    line: int
    severity: str
    message: str
    session: str = ""
    """What tells one connection's entries from another's: usually the process id."""
    database: str = ""
    """Empty where the log does not say."""
    detail: str = ""
    statement: str = ""
    """The statement that an error belongs to."""
