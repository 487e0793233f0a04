"""``querysafe advise lint-revisions``: hand-written revisions, judged before they run."""

import os
import shutil
import sys
from pathlib import Path

import click

from querysafe.exit_codes import ExitCode

_EPILOG = """\b
Exit status:
  0  no finding
  1  there are findings that nothing allows in writing
  2  an argument or a setting is wrong
  3  there is no revision, or one cannot be read

\b
Examples:
  querysafe advise lint-revisions
  querysafe advise lint-revisions migrations/versions --format sarif > revisions.sarif
  git diff --name-only --diff-filter=AM origin/main -- '*/versions/*.py' |
      xargs querysafe advise lint-revisions --format github
"""


@click.command("lint-revisions", epilog=_EPILOG)
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="How to write it.",
)
@click.option("--select", metavar="RULES", help="Judge by these rules only (ids or names).")
@click.option("--ignore", metavar="RULES", help="Do not judge by these rules.")
@click.option("--downgrades", is_flag=True, help="Judge downgrade() too, not upgrade() only.")
def lint_revisions(
    paths: tuple[Path, ...], form: str, select: str | None, ignore: str | None, downgrades: bool
) -> None:
    """Say which hand-written Alembic revisions would stop a running application.

    Each PATH is a revision or a folder of them; the folder of alembic.ini by default. They
    are read and not run. Tables below [tool.querysafe.advice.rows] with fewer than 100,000
    rows are not accused of what only their size makes dangerous.
    """
    from querysafe.advice.declared import declared_rows
    from querysafe.advice.revision.lint.linting import default_paths, lint
    from querysafe.advice.revision.lint.registry import RULES, rule
    from querysafe.report.github import below
    from querysafe.report.revisions import render

    root = Path.cwd()
    chosen = {rule(name).id for name in _names(select)} or {each.id for each in RULES}
    chosen -= {rule(name).id for name in _names(ignore)}
    linted = lint(
        paths or default_paths(root),
        root=root,
        rows=declared_rows(root / "pyproject.toml"),
        rules=chosen,
        downgrades=downgrades,
    )
    color = form == "text" and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size(fallback=(100, 24)).columns
    place = below(root, os.environ.get("GITHUB_WORKSPACE"))
    click.echo(render(linted, form, width=width, color=color, below=place), nl=False)
    for path in linted.passed_over if paths else ():
        click.echo(f"querysafe: {path} is no revision and was not judged", err=True)
    if any(finding.fails for finding in linted.findings):
        sys.exit(ExitCode.FINDINGS)


def _names(given: str | None) -> list[str]:
    return [part.strip() for part in (given or "").split(",") if part.strip()]
