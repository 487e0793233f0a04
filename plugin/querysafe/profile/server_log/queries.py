"""A server log's entries as queries: statements with their parameters and durations, plans too."""

import json
import re
from collections.abc import Iterable
from dataclasses import replace

from querysafe.profile.server_log.entries import Entry
from querysafe.profile.unread import Heard, Unread
from querysafe.profile.witnessing import witnessed
from querysafe.query import CapturedQuery

_DURATION = re.compile(r"duration: (?P<ms>\d+(?:\.\d+)?) ms(?:\s+(?P<rest>.*))?", re.DOTALL)
_STATEMENT = re.compile(
    r"(?P<verb>statement|execute(?: fetch from)? (?P<name>.*?)|parse \S.*?|bind \S.*?|fastpath.*?): "
    r"(?P<text>.*)",
    re.DOTALL,
)
_PLAN = re.compile(r"plan:\s*(?P<plan>.*)", re.DOTALL)
_PLAN_TEXT = re.compile(r"\A\s*Query Text: (?P<text>.*?)\n(?:Query Parameters: (?P<parameters>.*?)\n)?"
                        r"(?=[^\n]*\(cost=)", re.DOTALL)  # fmt: skip
_PLAN_YAML = re.compile(r'\A\s*Query Text: (?P<text>"(?:[^"\\]|\\.)*")')
_PLAN_XML = re.compile(r"<Query-Text>(?P<text>.*?)</Query-Text>", re.DOTALL)
_PARAMETERS = re.compile(r"(?:parameters|params): (?P<list>.*)", re.DOTALL | re.IGNORECASE)
_PARAMETER = re.compile(r"\$(\d+) = (?:'((?:[^']|'')*)'|(NULL))(?:, |\s*\Z)", re.DOTALL)


def queries(entries: Iterable[Entry | Unread], name: str, database: str = "") -> Heard:
    """Give the queries of a log's entries.

    One statement may be logged by ``log_statement``, ``log_duration``,
    ``log_min_duration_statement`` and ``auto_explain``: it is given once. Statements of a
    database with another name than ``database`` are set aside where the log says whose they are.
    """
    held: dict[str, tuple[CapturedQuery, bool]] = {}
    for entry in entries:
        if isinstance(entry, Unread):
            yield entry
            continue
        other = bool(database and entry.database and entry.database != database)
        if entry.severity in ("ERROR", "FATAL", "PANIC"):
            if entry.statement:
                held.pop(entry.session, None)
                yield Unread(source=name, line=entry.line, why="failed statement", broken=False)
            continue
        if entry.severity != "LOG":
            continue
        found, timed = _read(entry, name)
        if found is None:
            continue
        if isinstance(found, float):
            if entry.session in held:
                query, _ = held.pop(entry.session)
                yield replace(query, duration_seconds=found)
        elif isinstance(found, Unread):
            yield found
        elif other:
            yield Unread(source=name, line=entry.line, why="another database", broken=False)
        else:
            before = held.pop(entry.session, None)
            if before is not None:
                if _same(before[0], found) and not (
                    before[1] and timed and not _is_plan(before[0])
                ):
                    found = _united(before[0], found)
                else:
                    yield before[0]
            held[entry.session] = (found, timed)
    for query, _ in held.values():
        yield query


def _read(entry: Entry, name: str) -> tuple[CapturedQuery | Unread | float | None, bool]:
    """A query, a bare duration in seconds, or nothing; and whether its duration is known."""
    text = entry.message
    seconds = 0.0
    timed = _DURATION.match(text)
    if timed is not None:
        seconds = float(timed["ms"]) / 1000
        text = timed["rest"] or ""
        if not text:
            return seconds, True
        plan = _PLAN.match(text)
        if plan is not None:
            return _of_plan(plan["plan"], seconds, entry, name), True
    found = _STATEMENT.match(text)
    if found is None or found["verb"].startswith(("parse", "bind", "fastpath")):
        return None, False
    return (
        witnessed(
            found["text"].strip().removesuffix(";"),
            source="server log",
            params=parameters(entry.detail),
            seconds=seconds,
        ),
        timed is not None,
    )


def _of_plan(plan: str, seconds: float, entry: Entry, name: str) -> CapturedQuery | Unread:
    text = values = None
    if plan.lstrip().startswith("{"):
        try:
            document = json.loads(plan)
            text = document.get("Query Text")
            values = parameters("parameters: " + document.get("Query Parameters", ""))
        except (ValueError, AttributeError):
            text = None
    elif (found := _PLAN_TEXT.match(plan)) is not None:
        text = found["text"]
        values = parameters("parameters: " + (found["parameters"] or ""))
    elif (found := _PLAN_YAML.match(plan)) is not None:
        text = json.loads(found["text"])
    elif (found := _PLAN_XML.search(plan)) is not None:
        from html import unescape

        text = unescape(found["text"])
    if not isinstance(text, str) or not text.strip():
        return Unread(source=name, line=entry.line, why="a plan without its statement")
    return witnessed(
        text.strip().removesuffix(";"), source="auto_explain", params=values, seconds=seconds
    )


def parameters(detail: str) -> list[str | None] | None:
    """The values of ``parameters: $1 = '7', $2 = NULL``; None when there are none to read.

    A value that ``log_parameter_max_length`` cut ends in ``...`` outside its quote, which
    makes the list unreadable: half a set of values is no example.
    """
    found = _PARAMETERS.search(detail)
    if found is None:
        return None
    values: list[str | None] = []
    position = 0
    text = found["list"].strip()
    while position < len(text):
        each = _PARAMETER.match(text, position)
        if each is None or int(each[1]) != len(values) + 1:
            return None
        values.append(None if each[3] else each[2].replace("''", "'"))
        position = each.end()
    return values or None


def _same(before: CapturedQuery, after: CapturedQuery) -> bool:
    return before.statement.strip() == after.statement.strip()


def _is_plan(query: CapturedQuery) -> bool:
    return query.source == "auto_explain"


def _united(before: CapturedQuery, after: CapturedQuery) -> CapturedQuery:
    return replace(
        after,
        params=after.params if after.params.known else before.params,
        duration_seconds=after.duration_seconds or before.duration_seconds,
    )
