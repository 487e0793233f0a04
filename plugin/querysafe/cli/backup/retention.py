"""``querysafe backup retention``: the rule alone, on times from standard input."""

import json
import sys
from datetime import UTC, datetime

import click

from querysafe.cli.backup import options
from querysafe.errors import SettingsError

_EPILOG = """\b
Exit status:
  0  the kept times were printed
  2  standard input is no JSON array of times

\b
Examples:
  echo '["2026-01-31T02:00:00+00:00", "2026-01-30T02:00:00+00:00"]' \\
      | querysafe backup retention --daily 1 --weekly 0 --monthly 0
"""


@click.command(epilog=_EPILOG)
@options.retained
def retention(daily: int, weekly: int, monthly: int) -> None:
    """Read a JSON array of times and print those that the retention keeps, newest first.

    The rule is restic's: newest first, each counter for itself, the newest of each UTC day,
    ISO week and month that has a backup, and the oldest while a counter has room. A time
    without an offset is UTC.
    """
    from querysafe.backup.retention import Policy, select

    texts = _read()
    times = [_time(text) for text in texts]
    kept = select(times, Policy(daily=daily, weekly=weekly, monthly=monthly))
    click.echo(json.dumps([texts[position] for position in kept]))


def _read() -> list[str]:
    try:
        content = json.loads(sys.stdin.read())
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, list) or not all(isinstance(each, str) for each in content):
        raise SettingsError(
            "standard input is no JSON array of times",
            hint='write ["2026-01-31T02:00:00+00:00", …]',
        )
    return content


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.utcoffset() is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise SettingsError(
            f'"{text}" is no time', hint="write 2026-01-31T02:00:00+00:00"
        ) from None
