"""The planner that the options of ``querysafe advise`` ask for."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from querysafe.advice.declared import declared_rows
from querysafe.advice.planner import Planner
from querysafe.advice.planning import open_planner
from querysafe.advice.planning.exporting import export
from querysafe.advice.planning.on_clone import ClonePlanner
from querysafe.advice.planning.opening import ASSUMED_ROWS
from querysafe.advice.planning.statistics import Statistics, save

OWN_ROWS = 10_000
"""A database with a table of so many rows is taken for a copy of production: its own sizes and
statistics are used when no others are given."""

_WORDS = "the database's own sizes and statistics"


@contextmanager
def opened(
    database: str,
    statistics: Path | None,
    rows: int | dict[str, int] | None,
    place: str,
    *,
    live: bool = False,
    like: str | None = None,
) -> Iterator[Planner]:
    """Open a planner: the database itself when ``live``; else a clone with the statistics of a
    file, with declared rows, with the database's own statistics where it is as big as
    production, or with assumed rows; the first of these that there is. ``like`` is the
    database whose own statistics are meant, where it is another.
    """
    if live:
        with open_planner(database, live=True) as planner:
            yield planner
        return
    declared = rows
    if rows is None and statistics is None:
        found = {name: int(count) for name, count in declared_rows(Path("pyproject.toml")).items()}
        declared = found or None
    with tempfile.TemporaryDirectory(prefix="querysafe-advise-") as folder:
        own = None
        if statistics is None and declared is None:
            own = _own(like or database, Path(folder))
        with open_planner(
            database,
            statistics=own or statistics,
            rows=declared if isinstance(declared, dict) else None,
            assumed_rows=declared if isinstance(declared, int) else ASSUMED_ROWS,
            place=place,
        ) as planner:
            if own is not None and isinstance(planner, ClonePlanner):
                planner.basis = replace(
                    planner.basis,
                    name="database",
                    words=planner.basis.words.replace(
                        f'production statistics from "{own}"', _WORDS
                    ),
                )
            yield planner


def _own(database: str, folder: Path) -> Path | None:
    """The statistics of the database itself; None when it is too small to be like production."""
    found = export(database, values="all").statistics
    if not _is_big(found):
        return None
    path = folder / "the database itself"
    save(found, path)
    return path


def _is_big(statistics: Statistics) -> bool:
    return any(each.rows >= OWN_ROWS for each in statistics.tables.values())
