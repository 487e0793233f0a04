"""JSON of one entry a line, or one document: events, workload lines, ``pg_stat_statements`` dumps,
PostgreSQL's jsonlog; an entry's names tell which it is, so they may stand mixed in one file.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import IO, Any

from querysafe.fingerprint import fingerprint
from querysafe.profile.unread import Heard, Unread
from querysafe.profile.witnessing import witnessed
from querysafe.query import CapturedQuery

EVENT = "db.query.text"
_STATEMENT = ("sql", "query", "statement")
_PARAMS = ("params", "parameters")
_PLACEHOLDER = re.compile(r"\$\d+|%s|%\(\w+\)s")
_LISTS = ("queries", "statements", "workload", "rows")


def read(file: IO[str], name: str) -> Heard:
    """Give the query of each entry. Lines that are no JSON are told with their number."""
    head = ""
    first = 0
    for line in file:
        first += 1
        if line.strip():
            head = line
            break
    try:
        opening = json.loads(head) if head else None
    except ValueError:
        # A document laid out over several lines, or a damaged first line.
        yield from _document_or_lines(head, file, name, first)
        return
    if isinstance(opening, list):
        yield from _entries(opening, name)
        return
    yield from _lines(_chain(head, file), name, first)


def _document_or_lines(head: str, file: IO[str], name: str, first: int) -> Heard:
    text = head + file.read()
    try:
        document = json.loads(text)
    except ValueError:
        yield from _lines(iter(text.splitlines()), name, first)
        return
    if isinstance(document, Mapping):
        inner = next((document[key] for key in _LISTS if isinstance(document.get(key), list)), None)
        document = [document] if inner is None else inner
    yield from _entries(document if isinstance(document, list) else [document], name)


def _chain(head: str, rest: IO[str]) -> Iterator[str]:
    yield head
    yield from rest


def _lines(lines: Iterator[str], name: str, first: int) -> Heard:
    for number, line in enumerate(lines, first):
        text = line.strip()
        if not text:
            continue
        try:
            entry = json.loads(text)
        except ValueError:
            yield Unread(source=name, line=number, why="no JSON")
            continue
        yield from _heard(entry, name, number)


def _entries(entries: list[Any], name: str) -> Heard:
    for position, entry in enumerate(entries, 1):
        yield from _heard(entry, name, position)


def _heard(entry: Any, name: str, number: int) -> Heard:
    if isinstance(entry, str):
        yield witnessed(entry, source="workload", place=(name, number))
        return
    if not isinstance(entry, Mapping):
        yield Unread(source=name, line=number, why="no JSON object")
        return
    inner = next((entry[key] for key in _LISTS if isinstance(entry.get(key), list)), None)
    if inner is not None and EVENT not in entry:
        yield from _entries(inner, name)
        return
    event = _event(entry)
    if event is not None:
        yield from _of_event(event, name, number)
    elif "querysafe" in entry:
        return  # the head and the result of a recording
    elif isinstance(statement := _first(entry, _STATEMENT), str) and statement.strip():
        yield from _of_line(entry, statement, name, number)
    else:
        yield Unread(source=name, line=number, why="no statement", broken=False)


def _event(entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The event in a line of a JSON log: its names at the top, or in one of its objects."""
    if EVENT in entry:
        return entry
    for value in entry.values():
        if isinstance(value, Mapping) and EVENT in value:
            return value
    return None


def _of_event(event: Mapping[str, Any], name: str, number: int) -> Heard:
    try:
        query = CapturedQuery.from_event(event)
        if not isinstance(query.statement, str):
            raise TypeError
        if not query.fingerprint:
            query = replace(query, fingerprint=fingerprint(query.statement))
        yield query
    except (KeyError, TypeError, ValueError, AttributeError):
        yield Unread(source=name, line=number, why="no event of querysafe")


def _of_line(entry: Mapping[str, Any], statement: str, name: str, number: int) -> Heard:
    calls = entry.get("calls", 1)
    if isinstance(calls, str) and calls.replace(".", "", 1).isdigit():
        calls = float(calls)
    if isinstance(calls, bool) or not isinstance(calls, int | float) or calls < 0:
        yield Unread(source=name, line=number, why='"calls" is no number of calls')
        return
    seconds = float(entry.get("total_exec_time") or entry.get("total_time") or 0) / 1000
    given = _first(entry, _PARAMS)
    sets = _sets(given, statement)
    if sets is None:
        yield Unread(source=name, line=number, why='"params" is neither a list nor an object')
        return
    for position, params in enumerate(sets or [None]):
        yield witnessed(
            statement,
            source="workload",
            params=params,
            calls=0 if position else round(calls) or 1,
            seconds=0.0 if position else seconds,
            place=(name, number),
        )


def _sets(given: Any, statement: str) -> list[Any] | None:
    """Sets of parameters: one list or object is one set, a list of lists or objects several,
    as is a list of several values for the one placeholder of a statement.

    None when it is something else.
    """
    if given is None:
        return []
    if isinstance(given, Mapping):
        return [given]
    if not isinstance(given, list):
        return None
    if given and all(isinstance(each, list | dict) for each in given):
        return given
    if len(given) > 1 and len(set(_PLACEHOLDER.findall(statement))) == 1:
        return [[value] for value in given]
    return [given]


def _first(entry: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((entry[name] for name in names if entry.get(name) is not None), None)
