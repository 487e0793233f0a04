"""A statement with any driver's placeholders, and its parameters, as ``$1, $2`` and their values."""

import re
from collections.abc import Mapping

from querysafe.advice.sources.values import UNKNOWN, value
from querysafe.advice.workload import Sample
from querysafe.fingerprint.pieces import pieces
from querysafe.query import CapturedQuery

_PLACEHOLDER = re.compile(r"%\((?P<name>[^)]*)\)s|(?P<format>%s)|(?P<percent>%%)|\$(?P<number>\d+)")
_COLON = re.compile(r"(?<![:\w]):(?P<name>[A-Za-z_]\w*)")


def sample(query: CapturedQuery) -> Sample:
    """One execution as the planner is asked about it.

    Values are unknown (None) when the policy withheld them, when one was cut, or when
    there are fewer than placeholders.
    """
    # Events keep text of every value; other witnesses have the values themselves.
    read = value if query.source == "sqlalchemy" else _as_it_is
    given = {name: read(each) for name, each in query.params.values}
    known = query.params.known
    style = _style(query.statement, given)
    order: dict[str, int] = {}
    text: list[str] = []
    for piece in pieces(query.statement):
        if piece.kind == "comment":
            text.append(" ")
        elif piece.kind == "quoted":
            percent = style == "percent" and "%%" in piece.text
            text.append(piece.text.replace("%%", "%") if percent else piece.text)
        else:
            text.append(_numbered(piece.text, style, order))
    sql = "".join(text).strip().rstrip(";").rstrip()
    return Sample(sql, _values(order, given) if known or not order else None)


def _as_it_is(given: object) -> object:
    return given


def _style(statement: str, given: Mapping[str, object]) -> str:
    code = "".join(each.text for each in pieces(statement) if each.kind == "code")
    if "%(" in code and re.search(r"%\([^)]*\)s", code):
        return "percent"
    if "%s" in code and re.search(r"%s\b", code) and not re.search(r"\$\d", code):
        return "percent"
    if any(not name.isdigit() for name in given) and _COLON.search(code):
        return "colon"
    return "dollar"


def _numbered(code: str, style: str, order: dict[str, int]) -> str:
    def numbered(found: re.Match[str]) -> str:
        groups = found.groupdict()
        if style == "percent" and groups.get("percent"):
            return "%"
        name = groups.get("name")
        if groups.get("format"):
            if style != "percent":
                return found.group()
            name = str(len(order) + 1)
        elif groups.get("number"):
            if style != "dollar":
                return found.group()
            name = groups["number"]
            order.setdefault(name, int(name))
            return found.group()
        if not name or style == "dollar":
            return found.group()
        return f"${order.setdefault(name, len(order) + 1)}"

    return (_COLON if style == "colon" else _PLACEHOLDER).sub(numbered, code)


def _values(order: Mapping[str, int], given: Mapping[str, object]) -> tuple[object, ...] | None:
    if not order:
        return ()
    values = [
        given.get(name, UNKNOWN) for name, _ in sorted(order.items(), key=lambda each: each[1])
    ]
    if max(order.values()) != len(values) or UNKNOWN in values:
        return None
    return tuple(values)
