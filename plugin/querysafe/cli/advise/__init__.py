"""``querysafe advise``: which indexes a workload wants."""

from querysafe.cli.shell import Shell

COMMANDS: dict[str, str] = {
    "lint-revisions": "Judge hand-written Alembic revisions before they run.",
    "stats": "Take planner statistics from production, without a row of it.",
}
"""Command to its line in ``querysafe advise --help``."""

_EPILOG = """\b
Exit status:
  0  it was done
  2  an option or an argument is wrong
  3  it could not be done: the database or a file failed

\b
Examples:
  querysafe advise stats export --database postgresql://app@db/shop --output stats.json
"""

advise = Shell(
    "advise",
    lazy=COMMANDS,
    home="querysafe.cli.advise",
    epilog=_EPILOG,
    help="""Advise on indexes for a whole workload.""",
)

__all__ = ["COMMANDS", "advise"]
