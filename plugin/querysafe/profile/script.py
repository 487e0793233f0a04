"""A file of SQL, split into statements as ``psql`` does."""

import re
from collections import deque
from collections.abc import Iterator

from querysafe.fingerprint.pieces import pieces
from querysafe.profile.unread import Heard, Unread
from querysafe.profile.witnessing import witnessed

_WORD = re.compile(r";|\b(?:BEGIN\s+ATOMIC|CASE|END)\b", re.IGNORECASE)
_COPY = re.compile(r"(?:.*;)?\s*COPY\b[^;]*\bFROM\s+STDIN\b[^;]*;\s*", re.IGNORECASE | re.DOTALL)


def read(text: str, name: str) -> Heard:
    """Give each statement; psql's own lines and the data of COPY are told as unread."""
    lines, unread = _without_psql(text, name)
    yield from unread
    for statement, line in split(lines):
        if _unclosed(statement):
            yield Unread(source=name, line=line, why="a quote or comment is not closed")
        else:
            yield witnessed(statement, source="script", place=(name, line))


def split(text: str) -> Iterator[tuple[str, int]]:
    """Each statement of a text without its semicolon, and the line on which it begins."""
    begun = 0
    inside = 0  # BEGIN ATOMIC … END of a function's body, and the CASE … END in it
    for piece in pieces(text):
        if piece.kind != "code":
            continue
        for word in _WORD.finditer(piece.text):
            if word.group() == ";":
                if inside == 0:
                    end = piece.start + word.start()
                    yield from _statement(text, begun, end)
                    begun = end + 1
            elif word.group().upper() == "END":
                inside = max(0, inside - 1)
            elif inside or word.group().upper() != "CASE":
                inside += 1
    yield from _statement(text, begun, len(text))


def _statement(text: str, begun: int, end: int) -> Iterator[tuple[str, int]]:
    start = end
    for piece in pieces(text[begun:end]):
        if piece.kind != "comment" and piece.text.strip():
            start = begun + piece.start + len(piece.text) - len(piece.text.lstrip())
            break
    statement = text[start:end].strip()
    if statement:
        yield statement, text.count("\n", 0, start) + 1


def _without_psql(text: str, name: str) -> tuple[str, list[Unread]]:
    """Blank the lines that begin with a backslash, and COPY's data, which end with ``\\.``."""
    if "\\" not in text:
        return text, []
    kept: list[str] = []
    unread: list[Unread] = []
    pending = ""
    data = False
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if data:
            data = line.rstrip("\r\n") != "\\."
            kept.append("\n")
        elif line.startswith("\\") and not _unclosed(pending):
            unread.append(Unread(source=name, line=number, why="psql command", broken=False))
            kept.append("\n")
        else:
            kept.append(line)
            pending += line
            if line.rstrip().endswith(";") and not _unclosed(pending):
                data = _COPY.fullmatch(pending) is not None
                pending = ""
    return "".join(kept), unread


def _unclosed(statement: str) -> bool:
    last = deque(pieces(statement), maxlen=1)
    if not last or last[0].kind == "code":
        return False
    kind, text = last[0].kind, last[0].text
    if kind == "comment":
        return text.startswith("/*") and not text.endswith("*/")
    body = text.lstrip("eE")
    if body.startswith("$"):
        tag = body[: body.index("$", 1) + 1]
        return len(body) < 2 * len(tag) or not body.endswith(tag)
    return len(body) < 2 or body[-1] != body[0]
