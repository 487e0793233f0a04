"""``querysafe config``: what querysafe is told, and where."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import click

from querysafe.cli.shell import Shell
from querysafe.errors import SettingsError
from querysafe.options import BY_NAME, OPTIONS, Option, did_you_mean

_EPILOG = """\b
Exit status:
  0  the options were shown
  2  there is no such option, a setting has a wrong value, or pytest cannot
     read its configuration

\b
Examples:
  querysafe config show
  querysafe config show mode baseline
  querysafe config show --changed
  querysafe config show --format json
"""


@click.group(cls=Shell, epilog="\b\nExample:\n  querysafe config show")
def config() -> None:
    """Show what querysafe is told, and where."""


@config.command(epilog=_EPILOG)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--changed", is_flag=True, help="Only what is not the default.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to write it.",
)
def show(names: tuple[str, ...], changed: bool, form: str) -> None:
    """Show every option with its value and the place that sets it.

    The places are read as pytest reads them here: its command line with addopts and
    PYTEST_ADDOPTS, the environment, pytest's ini file, [tool.querysafe] of
    pyproject.toml, in this order. NAME shows one option: max_queries,
    querysafe_max_queries or QUERYSAFE_MAX_QUERIES.
    """
    options = [option_named(name) for name in names] or list(OPTIONS)
    shown = as_pytest()
    rows = [_row(each, shown) for each in options]
    if changed:
        rows = [row for row in rows if row["source"] != "default"]
    if form == "json":
        click.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        click.echo("every option has its default", err=True)
    wide = max((len(row["name"]) for row in rows), default=0)
    values = max((len(_text(row["value"])) for row in rows), default=0)
    for row in rows:
        line = f"{row['name']:<{wide}}  {_text(row['value']):<{min(values, 40)}}  {row['place']}"
        click.secho(line.rstrip(), bold=row["source"] != "default")


def option_named(name: str) -> Option:
    """Find an option by its name, flag, ini setting or variable.

    Raises :class:`SettingsError` for a name that no option has.
    """
    for option in OPTIONS:
        if name in (option.name, option.flag, option.ini, option.variable):
            return option
    bare = name.lower().strip("-").replace("-", "_").removeprefix("querysafe_")
    raise SettingsError(f'there is no option "{name}"', hint=did_you_mean(bare, tuple(BY_NAME)))


def as_pytest() -> Mapping[str, Any]:
    """Ask pytest what it is told in this directory: ``ini``, ``values`` and ``sources``.

    Raises :class:`SettingsError` with pytest's own words when it cannot be asked.
    """
    command = [sys.executable, "-m", "pytest", "-p", "querysafe.testing.shown"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        told = (done.stderr.strip() or done.stdout.strip()).removeprefix("ERROR: ")
        message, _, hint = told.partition("\n  hint: ")
        raise SettingsError(message, hint=hint or "run `pytest --collect-only` to see it at length")
    shown: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return shown


def _row(option: Option, shown: Mapping[str, Any]) -> dict[str, Any]:
    source = shown["sources"][option.name]
    place = {
        "command line": f"addopts or PYTEST_ADDOPTS: {option.flag}",
        "environment": option.variable,
        "ini file": f"{shown['ini']}: {option.ini}",
        "pyproject.toml": f"pyproject.toml: [tool.querysafe] {option.name}",
        "default": "default",
    }[source]
    return {
        "name": option.name,
        "value": shown["values"][option.name],
        "source": source,
        "place": place,
        "help": option.help,
    }


def _text(value: Any) -> str:
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) if isinstance(value, list) else str(value)
