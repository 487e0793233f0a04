"""The demo: ``python -m tests.lexicon.demo`` boots, migrates, loads, and runs the suite.

It ends with what querysafe found and the cure of each. Exit status: 0 when everything worked
(findings are what it shows, not a failure), 1 when a step failed.
"""

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
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
    """Run the lexicon's suite with querysafe on real data, and show what it finds."""
    started = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    report = out / "querysafe.json"
    report.unlink(missing_ok=True)
    with ExitStack() as stack:
        with _step("PostgreSQL boots"):
            maintenance = stack.enter_context(development_server())
        url = _prepare(maintenance, Size(rows))
        status = _run_suite(url, out)
    console.print()
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
    """Print the N+1 findings of the JSON contract: a table first, then the cures."""
    findings = [finding for finding in report["findings"] if _is_n_plus_one(finding)]
    places: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for finding in findings:
        site = _site(finding["call_sites"][0] if finding["call_sites"] else None)
        places.setdefault((finding["rule"], finding["label"], site), []).append(finding)
    worst_first = sorted(
        places.items(), key=lambda item: (-max(finding["count"] for finding in item[1]), item[0])
    )

    console.rule("N+1 findings", align="left")
    table = Table(box=None, pad_edge=False)
    table.add_column("rule")
    table.add_column("queries", justify="right")
    table.add_column("tests", justify="right")
    table.add_column("what repeats", max_width=28, overflow="ellipsis", no_wrap=True)
    table.add_column("line", overflow="fold")
    for (rule, label, site), group in worst_first:
        queries = max(finding["count"] for finding in group)
        tests = {finding["nodeid"] for finding in group}
        table.add_row(rule, f"{queries:,}", str(len(tests)), Text(label), Text(site))
    console.print(table)

    console.print()
    console.rule("The cure of each", align="left")
    for (_, label, site), group in worst_first:
        for where, cure in dict.fromkeys((_site(one["parent"]), one["cure"]) for one in group):
            if cure:
                parents = "" if where == "-" else f", parents loaded at {where}"
                console.print(Text(f"{label}, read at {site}{parents}", style="bold"))
                console.print(Text(textwrap.indent(cure, "    ")), soft_wrap=True)
    console.print(
        f"\n{len(findings)} N+1 findings in {len(places)} place(s); "
        f"{len(report['findings']) - len(findings)} findings of other rules are in the report."
    )


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
