"""The values of a statement and the part each plays: key, bound, page size, list element."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from querysafe.query import CapturedQuery

_TOKENS = re.compile(
    r"""--[^\n]*|/\*.*?\*/                       # comments
    |(?P<text>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*"|`[^`]*`)
    |(?P<bind>\$\d+|%\(\w+\)s|%s|\?|(?<![:\w]):[A-Za-z_]\w*)
    |::\s*\w+
    |(?P<number>\b\d+(?:\.\d+)?\b)
    |(?P<word>[A-Za-z_][\w$]*)
    |(?P<operator><=|>=|<>|!=|=|<|>|\(|\)|,|;)
    """,
    re.VERBOSE | re.DOTALL,
)
_FRESH = re.compile(
    r"\bFOR\s+(UPDATE|SHARE)\b|\bCURRENT_TIMESTAMP\b|ADVISORY"
    r"|\b(NEXTVAL|SETVAL|SET_CONFIG|RANDOM|NOW|CLOCK_TIMESTAMP|GEN_RANDOM_UUID|UUIDV7)\s*\(",
    re.IGNORECASE,
)
"""What gives another answer, or does something, each time it is asked."""
_PARTS = {"=": "key", "<": "bound", ">": "bound", "<=": "bound", ">=": "bound"}
"""What a value is that is compared so, whichever side of the operator it stands on."""
_tuple = tuple.__new__
_PAGES = frozenset({"offset", "bound", "limit"})
"""The parts by which two pages of one list differ."""
_TABLE_WORDS = ("FROM", "JOIN", "INTO", "UPDATE")


class Value(NamedTuple):
    """One literal or parameter: its part in the statement, and what it is."""

    part: str
    """``key`` (an equality), ``bound`` (an inequality), ``limit``, ``offset``, ``element``
    (of a list) or ``other``."""
    value: Any


@lru_cache(maxsize=4096)
def _slots(statement: str) -> tuple[tuple[str, str, str], ...]:
    """Part, sort and text of every literal and placeholder, in order of appearance."""
    found: list[tuple[str, str, str]] = []
    depth_parts: list[str] = []
    openings: list[int] = []
    left = 0
    """From here on, what was found stands on the left of an operator that may come next."""
    word = operator = ""
    between = False
    for match in _TOKENS.finditer(statement):
        sort = match.lastgroup
        if sort is None:
            continue
        text = match.group()
        if text in _PARTS:
            for at in range(left, len(found)):
                if found[at][0] == "other":
                    found[at] = (_PARTS[text], *found[at][1:])
        left = len(found)
        if sort == "word" and text.upper() == "AND" and between:
            word, between = "BETWEEN", False
        elif sort == "word":
            between = between or text.upper() == "BETWEEN"
            word, operator = text.upper(), operator if text.upper() in ("NOT",) else ""
        elif sort == "quoted":
            operator = ""
        elif sort == "operator":
            if text == "(":
                part = "element" if word in ("IN", "ANY") and not operator else ""
                if operator in _PARTS and (operator != "=" or word not in ("ANY",)):
                    part = _PARTS[operator]
                depth_parts.append(part)
                openings.append(len(found))
                word = ""
            elif text == ")":
                if depth_parts:
                    depth_parts.pop()
                    left = openings.pop()
                word = ""
            elif text != ",":
                operator, word = text, ""
        else:
            part = next((each for each in reversed(depth_parts) if each), "other")
            if word in ("LIMIT", "FETCH", "TOP", "FIRST", "NEXT"):
                part = "limit"
            elif word == "OFFSET":
                part = "offset"
            elif operator in _PARTS:
                part = _PARTS[operator]
            elif word in ("BETWEEN",):
                part = "bound"
            found.append((part, sort, text))
            word = operator = ""
    return tuple(found)


@lru_cache(maxsize=4096)
def _readers(statement: str) -> tuple[tuple[str, str | None, str | None, int], ...]:
    """Part and source of each value: its literal text, the name or the position of its bind."""
    found: list[tuple[str, str | None, str | None, int]] = []
    position = 0
    for part, sort, text in _slots(statement):
        if sort != "bind":
            found.append((part, text, None, 0))
        elif text.startswith(("%(", ":")):
            found.append((part, None, text[2:-2] if text[0] == "%" else text[1:], 0))
        elif text.startswith("$"):
            found.append((part, None, None, int(text[1:]) - 1))
        else:
            found.append((part, None, None, position))
            position += 1
    return tuple(found)


@lru_cache(maxsize=4096)
def _parts(statement: str) -> frozenset[str]:
    """The parts that values play in a statement."""
    return frozenset(part for part, _, _ in _slots(statement))


def values_of(query: CapturedQuery) -> tuple[Value, ...]:
    """The values of one execution, literals in the text and parameters alike."""
    values = query.params.values
    positional = [value for _, value in values]
    named = dict(values)
    count = len(positional)
    return tuple(
        [
            _tuple(
                Value,
                (
                    part,
                    literal
                    if literal is not None
                    else named.get(name)
                    if name is not None
                    else positional[position]
                    if position < count
                    else None,
                ),
            )
            for part, literal, name, position in _readers(query.statement)
        ]
    )


def varying(queries: Iterable[CapturedQuery]) -> set[str]:
    """The parts whose values differ between executions of one shape; empty when none does."""
    return {part for part, _ in _differences([values_of(query) for query in queries])}


def _differences(rows: list[tuple[Value, ...]]) -> Iterable[tuple[str, list[Any]]]:
    if len({len(row) for row in rows}) > 1:
        longest = max(rows, key=len)
        for part in {value.part for value in longest}:
            yield part, []
        return
    for column in zip(*rows, strict=True):
        texts = [_comparable(value) for _, value in column]
        if len(set(texts)) > 1:
            yield column[0].part, texts


def is_paging(queries: list[CapturedQuery]) -> bool:
    """Whether the executions differ only by where a page begins: offset or key set."""
    if not any(_PAGES & _parts(each) for each in {query.statement for query in queries}):
        return False
    rows = [values_of(query) for query in queries]
    differences = list(_differences(rows))
    parts = {part for part, _ in differences}
    if not parts & _PAGES:
        return False
    if not any(value.part == "limit" for value in rows[0]) and "LIMIT" not in (
        queries[0].statement.upper()
    ):
        return parts <= {"bound"} and _ascending(differences)
    keys = [texts for part, texts in differences if part == "key"]
    bounds = [texts for part, texts in differences if part == "bound"]
    if any(part in ("element", "other") for part in parts):
        return False
    return all(any(key == bound for bound in bounds) for key in keys)


def _ascending(differences: list[tuple[str, list[Any]]]) -> bool:
    """Ranges walked one after the other: each bound differs in each execution."""
    return all(len(set(texts)) == len(texts) for _, texts in differences)


def lists_many(query: CapturedQuery) -> bool:
    """Whether the statement asks for several keys at once: an ``IN`` list or an array."""
    return listed(query) > 1


def listed(query: CapturedQuery) -> int:
    """How many keys an ``IN`` list or an array of the statement holds."""
    if "element" not in _parts(query.statement):
        return 0
    elements = [value.value for value in values_of(query) if value.part == "element"]
    if len(elements) == 1 and isinstance(elements[0], list | tuple | set):
        elements = list(elements[0])
    return len(elements)


@lru_cache(maxsize=4096)
def writes_many(statement: str) -> bool:
    """Whether an INSERT brings several rows: more than one list after ``VALUES``."""
    depth, lists, seen = 0, 0, False
    for match in _TOKENS.finditer(statement):
        text = match.group()
        if text == "(":
            lists += seen and not depth
            depth += 1
        elif text == ")":
            depth -= 1
        elif match.lastgroup == "word" and not depth:
            if seen:
                break
            seen = text.upper() == "VALUES"
    return lists > 1 and statement.lstrip()[:6].upper() == "INSERT"


def is_fresh(statement: str) -> bool:
    """Whether asking again is the point: locks, sequences, clocks, random numbers."""
    return _FRESH.search(statement) is not None


@lru_cache(maxsize=4096)
def is_limited(statement: str) -> bool:
    """Whether it asks for the first rows only."""
    words = statement.upper().replace("\n", " ")
    return " LIMIT " in words or "FETCH FIRST" in words


@lru_cache(maxsize=4096)
def tables_of(statement: str) -> frozenset[str]:
    """The tables that a statement names, without schema and quotes, in lower case."""
    found = set()
    expecting = False
    for match in _TOKENS.finditer(statement):
        sort, text = match.lastgroup, match.group()
        if sort == "word" and text.upper() in _TABLE_WORDS:
            expecting = True
        elif expecting and sort in ("word", "quoted"):
            if not statement.startswith(".", match.end()):
                found.add(text.strip('"`').lower())
                expecting = False
        elif sort == "operator":
            expecting = False
    return frozenset(found)


def parameters_key(query: CapturedQuery) -> tuple[Any, ...]:
    """Equal for two executions of one shape that ask the very same thing."""
    key = tuple([value for _, value in values_of(query)])
    try:
        hash(key)
    except TypeError:
        return tuple(map(_comparable, key))
    return key


def condition_key(query: CapturedQuery) -> tuple[Any, ...]:
    """Equal for two executions that choose the same rows: the last condition and its values."""
    _, found, condition = " ".join(query.statement.split()).rpartition(" WHERE ")
    count = len(_slots(condition)) if found else 0
    return condition if found else "", *parameters_key(query)[-count or len(query.statement) :]


def _comparable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


def varying_keys(queries: Iterable[CapturedQuery], conditions: int) -> set[int]:
    """Which of so many equalities compare with another value each time, by position."""
    count, varying = variation(queries)
    return set(varying) if count == conditions else set()


def variation(queries: Iterable[CapturedQuery]) -> tuple[int, frozenset[int]]:
    """How many equalities some executions have, and the positions of those that vary.

    There are -1 where the executions do not have equally many.
    """
    keys = [[repr(value) for part, value in values_of(query) if part == "key"] for query in queries]
    counts = set(map(len, keys))
    if len(counts) != 1:
        return -1, frozenset()
    count = counts.pop()
    return count, frozenset([at for at in range(count) if len({each[at] for each in keys}) > 1])
