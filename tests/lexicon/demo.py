"""The demo: ``python -m tests.lexicon.demo`` boots, migrates, loads, and runs the suite.

It ends with what querysafe found and the cure of each. Exit status: 0 when everything worked
(findings are what it shows, not a failure), 1 when a step failed.
"""

import json
import os
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
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text
from sqlalchemy import URL, text
from sqlalchemy.pool import NullPool

from tests.lexicon.core.database import make_engine
from tests.lexicon.core.postgres import development_server
from tests.lexicon.data.loader import Size, load
from tests.lexicon.migrations import upgrade

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "lexicon_demo"
ABOUT_ROWS = {Size.FULL: 255_000, Size.SLICE: 2_600}
N_PLUS_ONE = ("QS101", "QS102", "QS103", "QS104", "QS105", "QS106")

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
    "--rows", type=click.Choice([*Size]), default=Size.FULL, show_default=True, help="How much."
)
def main(out: Path, rows: str) -> None:
    """Run the lexicon's suite with querysafe on real data, and show what it finds."""
    started = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with _step("PostgreSQL boots"):
            maintenance = stack.enter_context(development_server())
        url = _prepare(maintenance, Size(rows))
        status = _run_suite(url, out)
    report = out / "querysafe.json"
    if not report.exists():
        console.print(f"[red]the suite wrote no {report}[/]")
        sys.exit(1)
    _show(json.loads(report.read_text("utf-8")))
    console.print(f"\nHTML report: {(out / 'querysafe.html').resolve()}")
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
    """Run the lexicon's suite with the plugin in a process of its own."""
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
    console.print("  [green]✓[/] the suite runs: tests/lexicon/suite, every test naive and cured\n")
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def _show(report: dict[str, Any]) -> None:
    """Print the findings of the JSON contract: first a table, then the cures."""
    findings = [finding for finding in report["findings"] if finding["rule"] in N_PLUS_ONE]
    others = len(report["findings"]) - len(findings)
    table = Table(title="N+1 findings", title_justify="left", box=None, pad_edge=False)
    for heading in ("rule", "queries", "what repeats", "line", "parents loaded at", "test"):
        justify = "right" if heading == "queries" else "left"
        table.add_column(heading, overflow="fold", justify=justify)
    findings.sort(key=lambda finding: (-finding["count"], finding["nodeid"]))
    for finding in findings:
        table.add_row(
            finding["rule"],
            f"{finding['count']:,}",
            Text(finding["label"]),
            _site(finding["call_sites"][0] if finding["call_sites"] else None),
            _site(finding["parent"]),
            Text(finding["nodeid"].rpartition("::")[2]),
        )
    console.print()
    console.print(table)
    console.print("\n[bold]The cure of each[/]")
    for (label, cure), tests in _cures(findings).items():
        console.print(Text(f"\n{label}: {tests}", style="bold"))
        console.print(Syntax(cure, "python", background_color="default", word_wrap=True))
    console.print(f"\n{len(findings)} N+1 findings, {others} of other rules.")


def _cures(findings: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Label and cure, once each, with how many tests need it."""
    seen: dict[tuple[str, str], set[str]] = {}
    for finding in findings:
        if finding["cure"]:
            seen.setdefault((finding["label"], finding["cure"]), set()).add(finding["nodeid"])
    return {key: f"{len(tests)} test{'s' if len(tests) > 1 else ''}" for key, tests in seen.items()}


def _site(site: dict[str, Any] | None) -> Text:
    """Write a call site relative to the lexicon, which all of them are in."""
    if site is None:
        return Text("-")
    return Text(f"{site['path'].removeprefix('tests/lexicon/')}:{site['line']}")


@contextmanager
def _step(what: str) -> Iterator[None]:
    started = time.perf_counter()
    with console.status(what):
        yield
    console.print(f"  [green]✓[/] {what} ({time.perf_counter() - started:.1f} s)")


if __name__ == "__main__":
    main(prog_name="python -m tests.lexicon.demo")
