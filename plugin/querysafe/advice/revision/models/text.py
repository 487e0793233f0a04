"""A source text by the positions that ``ast`` knows: lines from 1, columns in UTF-8 bytes."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters ``start`` to ``end`` become ``text``."""

    start: int
    end: int
    text: str


class Text:
    """A source text."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.newline = "\r\n" if "\r\n" in source else "\n"
        self._starts = [0]
        for place, character in enumerate(source):
            if character == "\n":
                self._starts.append(place + 1)

    def line_start(self, line: int) -> int:
        """Where a line begins; the end of the text for the line after the last."""
        return self._starts[line - 1] if line <= len(self._starts) else len(self.source)

    def indent(self, line: int) -> str:
        """The blanks at the beginning of a line."""
        rest = self.source[self.line_start(line) :]
        return rest[: len(rest) - len(rest.lstrip(" \t"))]

    def start(self, node: ast.expr | ast.stmt | ast.alias) -> int:
        """Where a node begins."""
        return self._at(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.alias) -> int:
        """Where a node ends."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._at(node.end_lineno, node.end_col_offset)

    def edited(self, edits: Sequence[Edit]) -> str:
        """The text with all edits made, which do not overlap."""
        text = self.source
        for edit in sorted(edits, key=lambda each: (each.start, each.end), reverse=True):
            text = text[: edit.start] + edit.text + text[edit.end :]
        return text

    def _at(self, line: int, column: int) -> int:
        start = self.line_start(line)
        text = self.source[start : self.line_start(line + 1)]
        return start + len(text.encode()[:column].decode())
