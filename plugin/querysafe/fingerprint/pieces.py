"""A statement's text cut into code, quoted text and comments, nothing lost: joined it is the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_QUOTED = re.compile(
    r"""
      [eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)
    | '(?:[^']|'')*(?:'|\Z)
    | "(?:[^"]|"")*(?:"|\Z)
    | (?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
_START = re.compile(r"""[eE]'|'|"|(?<![\w$])\$(?:[^\W\d]\w*)?\$|--|/\*""")
_COMMENT_PART = re.compile(r"/\*|\*/")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text."""

    kind: str
    """``code``, ``quoted`` (a literal, a quoted name, dollar quotes) or ``comment``."""
    text: str
    start: int


def pieces(text: str) -> Iterator[Piece]:
    """Cut a text as the server's lexer does: comments nest, dollar quotes have tags."""
    position = 0
    while position < len(text):
        found = _START.search(text, position)
        if found is None:
            yield Piece("code", text[position:], position)
            return
        start = found.start()
        # The e of e'…' may be the last letter of a name: then only the quote begins.
        if (
            found.group() in ("e'", "E'")
            and start
            and (text[start - 1].isalnum() or text[start - 1] == "_")
        ):
            start += 1
        if start > position:
            yield Piece("code", text[position:start], position)
        end, kind = _end(text, start)
        yield Piece(kind, text[start:end], start)
        position = end


def _end(text: str, start: int) -> tuple[int, str]:
    if text.startswith("--", start):
        newline = text.find("\n", start)
        return (len(text) if newline < 0 else newline), "comment"
    if text.startswith("/*", start):
        depth = 0
        for part in _COMMENT_PART.finditer(text, start):
            depth += 1 if part.group() == "/*" else -1
            if depth == 0:
                return part.end(), "comment"
        return len(text), "comment"
    quoted = _QUOTED.match(text, start)
    assert quoted is not None
    return quoted.end(), "quoted"
