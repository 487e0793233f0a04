"""The demo: ``python -m tests.lexicon.demo`` boots, migrates, loads, and runs the suite.

It shows what querysafe found and the cure of each, and the indexes that the queries lack, as a
revision that is applied and reverted; then backs the database up, drops a table and
restores it. Exit status: 0 when everything worked
(findings are what it shows, not a failure), 1 when a step failed.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text
from sqlalchemy import URL, text
from sqlalchemy.pool import NullPool

from querysafe.errors import QuerysafeError
from tests.lexicon.core.database import make_engine
from tests.lexicon.core.postgres import development_server
from tests.lexicon.data.loader import Size, load
from tests.lexicon.migrations import upgrade
from tests.lexicon.rehearsal import rehearse
from tests.lexicon.tuning import Tuned, tune

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "lexicon_demo"
ABOUT_ROWS = {Size.FULL: 255_000, Size.SLICE: 2_600}

console = Console(highlight=False)


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".demo"),
    show_default=True,
    help="Directory of the reports.",
)
@click.option(
    "--rows",
    type=click.Choice([size.value for size in Size]),
    default=Size.FULL.value,
    show_default=True,
    help="How much.",
)
def main(out: Path, rows: str) -> None:
    """Run the lexicon's suite with querysafe on real data, show what it finds; then lose a table
    and get it back."""
    started = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    report = out / "querysafe.json"
    report.unlink(missing_ok=True)
    shutil.rmtree(out / "recordings", ignore_errors=True)
    with ExitStack() as stack:
        with _step("PostgreSQL boots"):
            maintenance = stack.enter_context(development_server())
        url = _prepare(maintenance, Size(rows))
        status = _run_suite(url, out)
        tuned = _tuned(url, out) if report.exists() else None
        console.print()
        if not report.exists():
            console.print(f"[red]the suite wrote no {report}[/]")
            sys.exit(1)
        _show(json.loads(report.read_text("utf-8")))
        if tuned is not None:
            console.print()
            tuned.show(console)
        try:
            rehearse(console, url)
        except (QuerysafeError, RuntimeError) as error:
            console.print(Text(str(error), style="red"))
            sys.exit(1)
    page, told = (out / "querysafe.html").resolve(), (out / "pytest.txt").resolve()
    console.print(f"\nHTML report: {page}", soft_wrap=True)
    if tuned is not None:
        console.print(f"Plans before and after: {tuned.page}", soft_wrap=True)
    console.print(f"What pytest said: {told}", soft_wrap=True)
    console.print(f"Took {time.perf_counter() - started:.0f} s.")
    sys.exit(0 if status == 0 else 1)


def _prepare(maintenance: URL, size: Size) -> URL:
    """Create, migrate and load the demo's database."""
    administration = make_engine(maintenance, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {DATABASE}"))
    administration.dispose()
    url = maintenance.set(database=DATABASE)
    engine = make_engine(url, poolclass=NullPool)
    with _step("Alembic migrates"):
        upgrade(engine)
    columns = (
        TextColumn("  {task.description:<20}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("CLDR", total=ABOUT_ROWS[size])

        def on_rows(table: str, rows: int) -> None:
            progress.update(task, advance=rows, description=f"COPY {table}")

        loaded = load(engine, size, on_rows)
    engine.dispose()
    console.print(
        f"  [green]✓[/] {loaded.rows:,} rows of CLDR loaded in {loaded.seconds:.1f} s: "
        f"{loaded.rows_per_second:,} rows/second"
    )
    return url


def _run_suite(url: URL, out: Path) -> int:
    """Run the lexicon's suite with the plugin in a process of its own; what it says is kept."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "tests/lexicon/suite",
        "-q",
        "--no-header",
        "-p",
        "no:randomly",
        "--querysafe=report",
        f"--querysafe-html={(out / 'querysafe.html').resolve()}",
        f"--querysafe-json={(out / 'querysafe.json').resolve()}",
        f"--querysafe-record={(out / 'recordings').resolve()}",
    ]
    environment = os.environ | {
        "LEXICON_DATABASE": "postgres",
        "LEXICON_DATABASE_URL": url.render_as_string(hide_password=False),
    }
    with _step("the suite of the sample backend ran, every test naive and cured"):
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    (out / "pytest.txt").write_text(done.stdout, encoding="utf-8")
    if done.returncode != 0:
        console.print(Text(done.stdout))
    return done.returncode


def _tuned(url: URL, out: Path) -> Tuned:
    """Advise on indexes, and try the revision; end the demo where that fails."""
    try:
        return tune(console, url, out)
    except (QuerysafeError, RuntimeError) as error:
        console.print(Text(str(error), style="red"))
        sys.exit(1)


def _show(report: dict[str, Any]) -> None:
    """Print every place of an N+1 with its cure, the most expensive first."""
    findings = [finding for finding in report["findings"] if _is_n_plus_one(finding)]
    places: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for finding in findings:
        site = _site(finding["call_sites"][0] if finding["call_sites"] else None)
        places.setdefault((finding["rule"], finding["label"], site), []).append(finding)
    worst_first = sorted(
        places.items(), key=lambda item: (-max(finding["count"] for finding in item[1]), item[0])
    )
    console.rule("N+1 findings, each with its cure", align="left")
    for (rule, label, site), group in worst_first:
        worst = max(group, key=lambda finding: int(finding["count"]))
        console.print()
        console.print(
            Text(f"{worst['count']:>5,} queries  ", style="bold red")
            .append(f"{rule} {label}", style="bold")
            .append(f"  {worst['rule_name']}", style="dim"),
            soft_wrap=True,
        )
        _line("at", site)
        if worst["parent"] is not None and _site(worst["parent"]) != site:
            _line("rows from", _site(worst["parent"]))
        if worst["graphql_path"]:
            _line("GraphQL", worst["graphql_path"])
        for number, line in enumerate((worst["cure"] or worst["advice"]).splitlines()):
            _line("" if number else "cure", line, style="green")
    console.print()
    console.rule(style="dim")
    queries = sum(test["queries"] for test in report["tests"])
    console.print(
        f"{len(findings)} N+1 findings in {len(places)} places; {queries:,} queries in "
        f"{len(report['tests'])} tests. Paths are below tests/lexicon/. "
        f"{len(report['findings']) - len(findings)} findings of other rules are in the report."
    )


def _line(label: str, value: str, style: str = "") -> None:
    console.print(Text(f"{label:>13}  ", style="dim").append(value, style=style), soft_wrap=True)


def _is_n_plus_one(finding: dict[str, Any]) -> bool:
    """Whether the rule is of the family QS1xx: a query or a write for each row."""
    return finding["rule"].startswith("QS1")


def _site(site: dict[str, Any] | None) -> str:
    """Write a call site relative to the lexicon, which all of them are in."""
    return f"{site['path'].removeprefix('tests/lexicon/')}:{site['line']}" if site else "-"


@contextmanager
def _step(what: str) -> Iterator[None]:
    started = time.perf_counter()
    with console.status(what):
        yield
    console.print(f"  [green]✓[/] {what} ({time.perf_counter() - started:.1f} s)")


if __name__ == "__main__":
    main(prog_name="python -m tests.lexicon.demo")
