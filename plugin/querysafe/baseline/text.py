"""The baseline of one test module ⇄ text: one entry a line, each line whole in itself.

::

    # querysafe baseline 1
    # module tests/test_orders.py
    # (a line on how it is written)

    test_list | finding | 6 | QS101 Order.lines app/orders.py::list_orders
    test_list | query | 12 | 1f3a9c0b77de | SELECT orders.* FROM orders WHERE orders.id = ?

Tests are sorted and set apart by an empty line, so that changes to two tests do not
touch in a merge; a line that both sides of a merge kept counts once, with the larger number.
"""

import re
from collections.abc import Iterable, Mapping

from querysafe.baseline.model import Accepted, Baseline, merged, module_of
from querysafe.errors import BaselineError

VERSION = 1
HEADER = "# querysafe baseline "
_MODULE = "# module "
_NOTE = "# Written by `pytest --querysafe-update`. In a merge keep the lines of both sides."
_MARKER = re.compile(r"(<{7}|={7}|>{7}|\|{7})(\s|$)")
_COUNT = re.compile("[0-9]+")
_SEPARATOR = " | "
"""Never within a field: there every bar is escaped."""


def render(module: str, tests: Mapping[str, Accepted]) -> str:
    """Write the entries of the tests of one module; "" when there are none."""
    blocks = [_block(nodeid, tests[nodeid]) for nodeid in sorted(tests) if tests[nodeid]]
    if not blocks:
        return ""
    head = f"{HEADER}{VERSION}\n{_MODULE}{_escape(module)}\n{_NOTE}\n"
    return "\n".join([head, *blocks])


def parse(text: str, path: str) -> Baseline:
    """Read what :func:`render` wrote; ``path`` is for messages.

    Raises :class:`BaselineError` for the markers of an unfinished merge, another
    format version and lines that cannot be understood.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        if _MARKER.match(line):
            raise BaselineError(
                f"'{path}' line {number} holds the marker of an unfinished merge",
                hint="delete the marker lines and keep the entries of both sides, "
                "or restore the file and type: pytest --querysafe-update",
            )
    module = _module(lines, path)
    entries = (
        _entry(line, module, f"'{path}' line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.startswith("#")
    )
    return merged(entries)


def _module(lines: list[str], path: str) -> str:
    version = lines[0].removeprefix(HEADER).strip()
    if not lines[0].startswith(HEADER) or not version.isdecimal():
        raise BaselineError(
            f"'{path}' does not begin with '{HEADER}{VERSION}'",
            hint="remove the file if it is not a baseline, or type: pytest --querysafe-update",
        )
    if int(version) > VERSION:
        raise BaselineError(
            f"'{path}' has format version {version}; this querysafe reads up to {VERSION}",
            hint="type: pip install --upgrade querysafe",
        )
    if len(lines) < 2 or not lines[1].startswith(_MODULE):
        raise BaselineError(
            f"'{path}' does not name its test module in line 2",
            hint="restore the file, or remove it and type: pytest --querysafe-update",
        )
    return _unescape(lines[1].removeprefix(_MODULE))


def _block(nodeid: str, entry: Accepted) -> str:
    name = _escape(nodeid.removeprefix(module_of(nodeid)).removeprefix("::"))
    return "".join(f"{name} | {line}\n" for line in _lines(entry))


def _lines(entry: Accepted) -> Iterable[str]:
    for identity, count in sorted(entry.findings.items()):
        yield _SEPARATOR.join(("finding", str(count), _escape(identity)))
    for digits, count in sorted(entry.shapes.items()):
        text = entry.texts.get(digits, "")
        fields = ("query", str(count), _escape(digits), *([_escape(text)] if text else ()))
        yield _SEPARATOR.join(fields)


def _entry(line: str, module: str, place: str) -> Baseline:
    name, kind, count, key, text = (*line.split(_SEPARATOR), "", "", "", "")[:5]
    if kind not in ("finding", "query") or not _COUNT.fullmatch(count) or not key:
        raise BaselineError(
            f"{place} cannot be understood: {line!r}",
            hint="an entry is 'test | finding | count | identity' or "
            "'test | query | count | fingerprint | statement'",
        )
    nodeid = f"{module}::{_unescape(name)}" if name else module
    key = _unescape(key)
    if kind == "finding":
        return Baseline(tests={nodeid: Accepted(findings={key: int(count)})})
    texts = {key: _unescape(text)} if text else {}
    return Baseline(tests={nodeid: Accepted(shapes={key: int(count)}, texts=texts)})


_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "|": "\\|"}
_SPECIAL = re.compile(r"[\\\n\r|]")
_EDGES = re.compile(r"^[ #<=>]| $")
_ESCAPED = re.compile(r"\\(.)")
_UNESCAPES = {"n": "\n", "r": "\r", "s": " "}


def _escape(text: str) -> str:
    """Make a field of one line that neither looks like markup nor loses a space to an editor."""
    text = _SPECIAL.sub(lambda match: _ESCAPES[match.group()], text)
    return _EDGES.sub(lambda match: "\\s" if match.group() == " " else f"\\{match.group()}", text)


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda match: _UNESCAPES.get(match.group(1), match.group(1)), text)
