"""``querysafe advise stats``: production's planner statistics as a file."""

from querysafe.cli.shell import Shell

COMMANDS: dict[str, str] = {
    "export": "Write the planner statistics of a database to a file.",
}
"""Command to its line in ``querysafe advise stats --help``."""

_EPILOG = """\b
Exit status:
  0  it was done
  2  an option is wrong
  3  it could not be done: the database or the file failed

\b
Examples:
  querysafe advise stats export --database postgresql://app@db/shop --output stats.json
"""

stats = Shell(
    "stats",
    lazy=COMMANDS,
    home="querysafe.cli.advise.stats",
    epilog=_EPILOG,
    help="""Take planner statistics from production, without a row of it.

    With them a test database of ten rows plans its queries as production does.
    """,
)

__all__ = ["COMMANDS", "stats"]
