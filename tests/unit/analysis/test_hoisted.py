"""What is asked once is kept as rows: a result can be read only once."""

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from querysafe.analysis.rules.loop_invariant import hoisted
from querysafe.query import CallSite, Frame, Span


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("return session.execute(stmt).scalars().all()", "session.execute(stmt).scalars().all()"),
        ("return session.execute(stmt)", "session.execute(stmt).all()"),
        ("return (await session.scalars(stmt)).first()", "(await session.scalars(stmt)).first()"),
        (
            "return {t: 1 for t in await session.scalars(stmt)}",
            "(await session.scalars(stmt)).all()",
        ),
        ("share = row.count / session.scalar(stmt)", "session.scalar(stmt)"),
        ("return len(session.query(Order).all())", "session.query(Order).all()"),
    ],
)
def test_the_whole_answer_is_kept(tmp_path: Path, line: str, cure: str) -> None:
    assert _hoisted(tmp_path, line) == f"known = {cure}"


def test_an_answer_that_has_a_name_keeps_it(tmp_path: Path) -> None:
    line = "rates = session.scalars(stmt).all()"
    assert _hoisted(tmp_path, line) == line


def _hoisted(folder: Path, line: str) -> str:
    path = folder / "asking.py"
    path.write_text(f"async def asking(session, stmt, row):\n    {line}\n")
    runs = ("execute", "scalars", "scalar", "all")
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
    site = CallSite(path=path.name, line=call.lineno, function="asking")
    frame = Frame(site=site, file=str(path), first_line=1, span=span)
    return hoisted(cast(Any, SimpleNamespace(stack=(frame,))))
