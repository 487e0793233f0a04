"""``querysafe report``: earlier runs, written anew in any form."""

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from querysafe.exit_codes import ExitCode
from querysafe.finding import Severity
from querysafe.recording import RunResult
from querysafe.report import github, html, json, markdown, ndjson, sarif, text, writing
from querysafe.report.grouping import plural
from querysafe.report.merging import merge
from querysafe.report.recordings import Folders, Recordings, holds_recordings

_EPILOG = """\b
Exit status:
  0  the report is written
  1  it holds findings that --fail-on counts
  2  an argument is wrong
  3  a file cannot be read or written, or is no report of querysafe

\b
Examples:
  pytest --querysafe-record=recordings
  querysafe report recordings
  querysafe report recordings --format html --output report.html
  querysafe report shard-*.json --format markdown >> "$GITHUB_STEP_SUMMARY"
  querysafe report shard-*.json --format sarif --output querysafe.sarif
  querysafe report report.json --top 0 --fail-on warning
"""

FORMATS = ("text", "json", "markdown", "github", "sarif", "html")


@click.command(epilog=_EPILOG)
@click.argument(
    "sources",
    nargs=-1,
    required=True,
    metavar="SOURCE...",
    type=click.Path(exists=True, path_type=Path),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How to write it.",
)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to; standard output when it is not given.",
)
@click.option(
    "--top",
    type=click.IntRange(min=0),
    metavar="N",
    help="How many findings text and markdown show (10 and 50 by default); 0 shows all.",
)
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    metavar="DIRECTORY",
    help="Where the paths of the report begin, for the source excerpts of html: pytest's "
    "rootdir. The current directory by default.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "never"]),
    default="never",
    show_default=True,
    help="The least severity of an open finding that makes the exit status 1.",
)
def report(
    sources: tuple[Path, ...],
    form: str,
    output: Path | None,
    top: int | None,
    root: Path,
    fail_on: str,
) -> None:
    """Write the report of earlier runs.

    Each SOURCE is a file of pytest --querysafe-json, a directory of pytest
    --querysafe-record or one recording of it. Several are put together, as the shards of
    a CI job; of a test that is in several, the last counts. A JSON report brings the
    recordings that it names, where they are still there.
    """
    run, recordings = _read(sources, root)
    if form == "html":
        if output is None and sys.stdout.isatty():
            raise click.UsageError("html is no text for a terminal: name a file with --output")
        if recordings is None:
            _aside("no recordings: the page has no timelines; name the directory of them, too")
        written: Iterable[str] = html.parts(run, recordings or {}, root, outside=False)
    else:
        written = [_words(run, form, top, output, root)]
    if output is None:
        for part in written:
            click.echo(part.encode("utf-8", "backslashreplace").decode(), nl=False)
    else:
        writing.write(output, written)
        _aside(f"{form} report: {output}")
    if _fails(run, fail_on):
        sys.exit(ExitCode.FINDINGS)


def _read(sources: tuple[Path, ...], root: Path) -> tuple[RunResult, Recordings | None]:
    """Read what is given; a JSON report's word counts more than a recording's."""
    reports: list[RunResult] = []
    places: list[Path] = []
    for source in sources:
        if source.is_dir() or source.suffix == ndjson.SUFFIX:
            places.append(source)
        else:
            reports.append(json.read_json(source))
    recorded = Folders(*places).run() if places else None
    run = merge(reports) if reports else recorded
    assert run is not None
    if recorded is not None and reports:
        known = {test.nodeid for test in run.tests}
        others = tuple(test for test in recorded.tests if test.nodeid not in known)
        run = merge([RunResult(tests=others), run])
    named = [root / each.recordings for each in reports if each.recordings]
    kept = [each for each in named if holds_recordings(each)]
    places = [*kept, *places]
    return run, Folders(*places) if places else None


def _words(run: RunResult, form: str, top: int | None, output: Path | None, root: Path) -> str:
    if form == "json":
        return json.render(run)
    if form == "sarif":
        return sarif.render(run)
    if form == "github":
        return github.render(run, below=github.below(root, os.environ.get("GITHUB_WORKSPACE")))
    if form == "markdown":
        return markdown.render(run, top=markdown.LIMIT if top is None else top)
    terminal = output is None and sys.stdout.isatty()
    written = text.render(
        run,
        width=shutil.get_terminal_size(fallback=(100, 24)).columns,
        color=terminal and not os.environ.get("NO_COLOR"),
        top=10 if top is None else top,
        all_option="--top 0",
    )
    return written or f"{plural(len(run.tests), 'test')}, and none sent a query.\n"


def _fails(run: RunResult, fail_on: str) -> bool:
    if fail_on == "never":
        return False
    counted = (Severity.ERROR,) if fail_on == "error" else (Severity.ERROR, Severity.WARNING)
    return any(finding.fails and finding.severity in counted for finding in run.findings)


def _aside(words: str) -> None:
    click.echo(f"querysafe: {words}", err=True)
