"""``log_destination = stderr``, whatever ``log_line_prefix`` is, also as syslog writes it."""

import re
from collections.abc import Iterable, Iterator

from querysafe.profile.server_log.entries import SEVERITIES, Entry
from querysafe.profile.unread import Unread

_ENTRY = re.compile(rf"^(?P<prefix>.*?)(?P<severity>{'|'.join(SEVERITIES)}):  (?P<message>.*)$")
_FURTHER = re.compile(
    r"^(?P<prefix>.*?)(?P<field>DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION|BACKTRACE):  (?P<text>.*)$"
)
_PROCESS = re.compile(r"\[(\d+)(?:[-:]\d+)*\]|\b(?:pid|p)=(\d+)")
_NUMBER = re.compile(r"(?<![\d:.\-+/])(\d{2,8})(?![\d:.\-+/])")
_DATABASE = re.compile(r"\bdb=([^\s,\]]+)|[\w-]+@([\w-]+)")
_SYSLOG = re.compile(r"^(.*?\bpostgres\[\d+\]:) \[(\d+)-(\d+)\] ?(.*)$")


def entries(lines: Iterable[str], name: str) -> Iterator[Entry | Unread]:
    """Give the entries of a log; a line that belongs to none is told with its number."""
    entry: Entry | None = None
    field = "message"
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip("\r\n")
        syslog = _SYSLOG.match(line)
        if syslog is not None:
            line = (
                f"{syslog[1]} {syslog[4].replace('#011', chr(9))}"
                if syslog[3] == "1" or (_ENTRY.match(syslog[4]) or _FURTHER.match(syslog[4]))
                else "\t" + syslog[4].replace("#011", "")
            )
        begun = None if line.startswith("\t") else _ENTRY.match(line)
        further = None if begun or line.startswith("\t") else _FURTHER.match(line)
        if begun is not None and "\t" not in begun["prefix"]:
            if entry is not None:
                yield entry
            entry = _entry(begun, number)
            field = "message"
        elif further is not None and entry is not None and "\t" not in further["prefix"]:
            field = {"DETAIL": "detail", "STATEMENT": "statement"}.get(further["field"], "")
            _add(entry, field, further["text"])
        elif entry is not None and (line.startswith("\t") or not line):
            _add(entry, field, "\n" + line.removeprefix("\t"))
        elif line.strip():
            yield Unread(source=name, line=number, why="no line of a server log")
    if entry is not None:
        yield entry


def _add(entry: Entry, field: str, text: str) -> None:
    if field:
        setattr(entry, field, getattr(entry, field) + text)


def _entry(found: re.Match[str], number: int) -> Entry:
    prefix = found["prefix"]
    process = _PROCESS.search(prefix) or _NUMBER.search(prefix)
    database = _DATABASE.search(prefix)
    return Entry(
        line=number,
        severity=found["severity"],
        message=found["message"],
        session=next((group for group in process.groups() if group), "") if process else "",
        database=next((group for group in database.groups() if group), "") if database else "",
    )
