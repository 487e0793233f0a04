"""The command ``querysafe``. A command's module is loaded when the command is called."""

import click

from querysafe.cli.shell import Shell, show_version

COMMANDS: dict[str, str] = {
    "advise": "Advise on indexes for a whole workload.",
    "backup": "Back up a PostgreSQL database, and prove that the backup restores.",
    "compare": "Say what got worse or better from BASE to HEAD.",
    "config": "Show what querysafe is told, and where.",
    "init": "Set querysafe up in a project.",
    "report": "Write the report of earlier runs.",
    "rules": "List the rules, or explain one.",
}
"""Command to its line in ``querysafe --help``: module ``querysafe.cli.NAME`` holds ``NAME``."""

_EPILOG = """\b
Exit status:
  0  the command did what it was asked
  1  it found something that counts as a failure
  2  an option, an argument or a setting is wrong
  3  it could not do its work: a file, a program or a server failed

\b
Examples:
  querysafe init
  querysafe rules QS101
  querysafe report recordings --format html --output report.html
  querysafe compare base.json head.json
"""


@click.group(cls=Shell, lazy=COMMANDS, home="querysafe.cli", epilog=_EPILOG)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=show_version,
    help="Show the versions of querysafe and of what it works with, and exit.",
)
def main() -> None:
    """Query safety for SQLAlchemy and PostgreSQL.

    The tests are guarded by pytest itself: `pytest --querysafe=check`. The commands
    here set that up, explain what it says, and compare its runs.
    """


__all__ = ["COMMANDS", "main"]
