"""Frames as capture makes them, of source that a test writes."""

import ast
from pathlib import Path

from querysafe.query import CallSite, Frame, Span


def frame_of(path: Path, *runs: str) -> Frame:
    """The frame that executes the first call in a file of the first of these methods it has."""
    call = next(
        node
        for run in runs
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr == run
    )
    span = Span(
        line=call.lineno,
        column=call.col_offset,
        end_line=call.end_lineno or 0,
        end_column=call.end_col_offset or 0,
    )
    site = CallSite(path=path.name, line=call.lineno, function="f")
    return Frame(site=site, file=str(path), first_line=1, span=span)
