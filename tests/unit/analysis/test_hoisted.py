"""What is asked once is kept as rows: a result can be read only once."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from querysafe.analysis.rules.loop_invariant import hoisted
from tests.unit.analysis.frames import frame_of


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
    frame = frame_of(path, "execute", "scalars", "scalar", "all")
    return hoisted(cast(Any, SimpleNamespace(stack=(frame,))))
