"""``querysafe compare``: what got worse or better between two runs."""

import json
import os
import shutil
import sys
from pathlib import Path

import click

from querysafe.baseline import Baseline, exists, load
from querysafe.baseline import compare as compare_runs
from querysafe.exit_codes import ExitCode
from querysafe.recording import RunResult
from querysafe.report import compare as rendering
from querysafe.report.json import read_json

_EPILOG = """\b
Exit status:
  0  nothing got worse, or --fail-on never
  1  something got worse: a finding appeared or its count grew, or a test runs
     more than twice as many queries, and at least three more
  2  an argument is wrong
  3  a file cannot be read

\b
Examples:
  pytest --querysafe-json=head.json
  querysafe compare base.json head.json
  querysafe compare base.json head.json --format markdown >> "$GITHUB_STEP_SUMMARY"
  querysafe compare querysafe-baseline head.json --fail-on never
"""

_SOURCE = click.Path(exists=True, path_type=Path)


@click.command(epilog=_EPILOG)
@click.argument("base", type=_SOURCE)
@click.argument("head", type=_SOURCE)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to write it.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["worse", "never"]),
    default="worse",
    show_default=True,
    help="When to end with status 1.",
)
def compare(base: Path, head: Path, form: str, fail_on: str) -> None:
    """Say what got worse or better from BASE to HEAD, per call site and per test.

    Each is a report written by pytest --querysafe-json, or a baseline directory. Tests
    that did not pass on both sides are named and not compared; times are shown and
    decide nothing.
    """
    comparison = compare_runs(_read(base, "BASE"), _read(head, "HEAD"))
    if form == "json":
        click.echo(json.dumps(rendering.to_json(comparison), indent=2))
    elif form == "markdown":
        click.echo(rendering.markdown(comparison), nl=False)
    else:
        color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        width = max(80, shutil.get_terminal_size(fallback=(100, 24)).columns)
        click.echo(rendering.text(comparison, width=width, color=color), nl=False)
    if fail_on == "worse" and comparison.is_worse:
        sys.exit(ExitCode.FINDINGS)


def _read(path: Path, name: str) -> RunResult | Baseline:
    if not path.is_dir():
        return read_json(path)
    if not exists(path):
        raise click.BadParameter(f"the directory '{path}' holds no baseline", param_hint=name)
    return load(path)
