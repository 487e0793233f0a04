"""The demo's third act: the suite's recording → advice → revision → applied, re-planned, reverted."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text
from sqlalchemy import URL, text
from sqlalchemy.pool import NullPool

from querysafe.advice.advice import Advice
from querysafe.advice.advising import Limits, advise
from querysafe.advice.planner import Plan
from querysafe.advice.planning import open_planner
from querysafe.advice.revision.project import Project
from querysafe.advice.revision.write import Wish, Written, write_revision
from querysafe.cli.advise.hearing import hear
from querysafe.cli.advise.opening import opened
from querysafe.cli.advise.revising import replanned
from querysafe.report.advice import render
from tests.lexicon.core.database import make_engine

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = Path(__file__).with_name("migrations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What came of it."""

    page: Path
    """The plans before and after."""
    advice: Advice
    written: Written | None = None
    before: float = 0.0
    after: float = 0.0
    """Cost of the workload without and with the revision, as the database itself plans it."""

    def show(self, console: Console) -> None:
        """Print the indexes and what they save."""
        console.rule("Indexes for the whole workload", align="left")
        for advised in self.advice.indexes:
            console.print()
            name = self.written.names[advised.name] if self.written else advised.name
            console.print(Text(f"  {name}", style="bold"), soft_wrap=True)
            console.print(Text(f"  {advised.index.definition()}", style="green"), soft_wrap=True)
            console.print(Text(f"  {advised.reason}", style="dim"), soft_wrap=True)
        console.print()
        if self.written is None:
            console.print("No index is missing.")
            return
        console.print(
            f"{len(self.advice.effects)} statements cost {self.before:,.0f} before and "
            f"{self.after:,.0f} after, as PostgreSQL itself plans them on the loaded data.",
            soft_wrap=True,
        )
        console.print(f"Revision: {self.written.path}", soft_wrap=True)


def tune(console: Console, url: URL, out: Path) -> Tuned:
    """Advise on the suite's queries, write the revision into a copy of the lexicon's migrations,
    apply it, plan anew, and revert it.

    Raises :class:`querysafe.errors.QuerysafeError`, and :class:`RuntimeError` when a step of
    Alembic fails.
    """
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    ini = _project(out / "project")
    page = (out / "advice.html").resolve()
    with _environment(url):
        with _step(
            console, "queries of the suite were planned, with indexes that do not exist yet"
        ):
            workload = hear((str(out / "recordings"),), address)
            with opened(address, None, None, "auto") as planner:
                advice = advise(workload, planner, Limits(budget_bytes=100_000_000))
            page.write_text(render(advice, "html"), encoding="utf-8")
        if not advice.indexes:
            return Tuned(page=page, advice=advice)
        with _step(console, "the revision was written, and proven on a throw-away server"):
            written = write_revision(
                advice,
                Project.find(ini),
                Wish(message="indexes that the suite's queries lack"),
                replan=replanned(address, None, None),
            )
        before = _cost(address, advice)
        with _step(console, "the revision was applied to the demo's database"):
            _alembic(ini, "upgrade", "head")
        applied = _indexes(url)
        after = _cost(address, advice)
        with _step(console, "the revision was reverted"):
            _alembic(ini, "downgrade", "-1")
    missing = set(written.names.values()) - applied
    left = set(written.names.values()) & _indexes(url)
    if missing or left:
        raise RuntimeError(f"not applied: {sorted(missing)}; not reverted: {sorted(left)}")
    return Tuned(page=page, advice=advice, written=written, before=before, after=after)


def _project(folder: Path) -> Path:
    """A copy of the lexicon's migrations with an ``alembic.ini``: the checkout stays clean."""
    shutil.rmtree(folder, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__", "__init__.py")
    shutil.copytree(MIGRATIONS, folder / "migrations", ignore=ignored)
    ini = folder / "alembic.ini"
    ini.write_text(
        "[alembic]\nscript_location = %(here)s/migrations\npath_separator = os\n"
        f"prepend_sys_path = {str(ROOT).replace('%', '%%')}\n",
        encoding="utf-8",
    )
    return ini


@contextmanager
def _environment(url: URL) -> Iterator[None]:
    """What the lexicon's ``env.py`` reads."""
    before = os.environ.get("LEXICON_DATABASE_URL")
    os.environ["LEXICON_DATABASE_URL"] = url.render_as_string(hide_password=False)
    try:
        yield
    finally:
        if before is None:
            del os.environ["LEXICON_DATABASE_URL"]
        else:
            os.environ["LEXICON_DATABASE_URL"] = before


def _alembic(ini: Path, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "-c", str(ini), *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"alembic {' '.join(words)}: {done.stderr.strip()[-1500:]}")


def _cost(address: str, advice: Advice) -> float:
    """What the workload costs on the database itself, weighted by calls, in the planner's units."""
    total = 0.0
    with open_planner(address, live=True) as planner:
        for effect in advice.effects:
            plans = [planner.plan(sample) for sample in effect.statement.samples]
            made = [plan.cost for plan in plans if isinstance(plan, Plan)]
            if made:
                total += effect.statement.calls * sum(made) / len(made)
    return total


def _indexes(url: URL) -> set[str]:
    engine = make_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        found = set(connection.scalars(text("SELECT indexname FROM pg_indexes")))
    engine.dispose()
    return found


@contextmanager
def _step(console: Console, what: str) -> Iterator[None]:
    started = time.perf_counter()
    with console.status(what):
        yield
    taken = f"({time.perf_counter() - started:.1f} s)"
    console.print(f"  [green]✓[/] {what} {taken}", soft_wrap=True)
