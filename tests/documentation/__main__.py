"""``python -m tests.documentation``: writes the generated pages, or says which are not current."""

import sys
from pathlib import Path

import click

from tests.documentation.pages import ROOT, pages, stale

_EPILOG = """\b
Exit status:
  0  the pages are written, or current
  1  --check found pages that are not current

\b
Examples:
  scripts/docs
  scripts/docs --check
"""


@click.command(epilog=_EPILOG)
@click.option("--check", is_flag=True, help="Write nothing; say which pages are not current.")
def main(check: bool) -> None:
    """Write docs/reference and the pages of the rules from the code."""
    differing = stale()
    for path in differing:
        shown = path.relative_to(ROOT)
        if check:
            click.echo(f"{shown} is not current")
        else:
            _write(path)
            click.echo(f"{shown} {'written' if path.exists() else 'removed'}")
    if check and differing:
        click.echo("write them with scripts/docs", err=True)
        sys.exit(1)
    click.echo(f"{len(pages())} pages are current")


def _write(path: Path) -> None:
    text = pages().get(path)
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(prog_name="scripts/docs")
