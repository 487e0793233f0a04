"""A parameter's value, from the text that an event keeps of it back to a value.

Events write strings as they are and everything else by its ``repr``.
"""

import ast
import re
from typing import Any, Final

UNKNOWN: Final = "\0unknown"
"""Stands for a value that cannot be had again: no text of PostgreSQL holds this character."""

_CALL = re.compile(r"(?:\w+\.)*(?P<name>[A-Za-z_]\w*)\((?P<inside>.*)\)", re.DOTALL)
_ZONE = re.compile(r",\s*tzinfo=(?P<zone>.*)$", re.DOTALL)
_NUMBERS = re.compile(r"\s*-?\d+(?:\s*,\s*-?\d+)*\s*")
_LITERAL = re.compile(
    r"(?:None|True|False|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[\[({].*[\])}]|b?['\"].*)", re.DOTALL
)
_TEXTS = frozenset({"UUID", "Decimal", "IPv4Address", "IPv6Address", "IPv4Network", "Fraction"})
_CUT = "…"


def value(kept: Any) -> Any:
    """Read a value again; what is no text is given as it is."""
    if not isinstance(kept, str):
        return kept
    if kept.endswith(_CUT) and len(kept) > 200:
        return UNKNOWN
    called = _CALL.fullmatch(kept)
    if called is not None:
        made = _made(called["name"], called["inside"])
        if made is not None:
            return made
    if kept == "None":
        return None
    if kept[:1] in "[({" and _LITERAL.fullmatch(kept):
        try:
            found = ast.literal_eval(kept)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return kept
        return list(found) if isinstance(found, tuple | set) else found
    return kept


def _made(name: str, inside: str) -> Any:
    if name in _TEXTS:
        return inside.strip("'\"")
    if name in ("Jsonb", "Json"):
        try:
            return ast.literal_eval(inside.removesuffix(" ..."))
        except (ValueError, SyntaxError):
            return None
    if name in ("date", "datetime", "time", "timedelta"):
        return _of_time(name, inside)
    return None


def _of_time(name: str, inside: str) -> str | None:
    if name == "timedelta":
        parts = re.findall(r"(days|seconds|microseconds)=(-?\d+)", inside)
        return " ".join(f"{number} {unit}" for unit, number in parts) or "0 seconds"
    zone = _ZONE.search(inside)
    numbers = _ZONE.sub("", inside)
    if _NUMBERS.fullmatch(numbers) is None:
        return None
    given = [int(each) for each in numbers.split(",")]
    day = ""
    if name != "time":
        day = "{:04d}-{:02d}-{:02d}".format(*given[:3]) if len(given) >= 3 else ""
        given = given[3:]
    if name == "date":
        return day or None
    hour, minute, second, micro = (*given, 0, 0, 0, 0)[:4]
    clock = f"{hour:02d}:{minute:02d}:{second:02d}.{micro:06d}"
    offset = "+00" if zone is not None and "utc" in zone["zone"].lower() else ""
    return f"{day} {clock}{offset}".strip()
