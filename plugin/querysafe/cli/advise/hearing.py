"""Sources named on the command line, heard into one workload."""

import click

from querysafe.advice.sources import Gathering
from querysafe.advice.workload import Workload
from querysafe.errors import QuerysafeError
from querysafe.postgres.target import Target
from querysafe.profile import statements_view
from querysafe.profile.errors import SourceError
from querysafe.profile.reading import read
from querysafe.profile.unread import Heard, Unread
from querysafe.profile.witnessing import shown

_NAMED = 5


class NothingToAdvise(QuerysafeError):
    """the sources hold no statement that an index could serve"""

    slug = "advice"


def hear(places: tuple[str, ...], database: str) -> Workload:
    """Read every source; what could not be read is told on standard error, with its line.

    ``pg_stat_statements`` names the view of the database. Raises :class:`SourceError` and
    :class:`NothingToAdvise`.
    """
    gathering = Gathering()
    heard = 0
    broken: list[Unread] = []
    told: list[str] = []
    for place in places:
        count = 0
        for each in _heard(place, database):
            if isinstance(each, Unread):
                gathering.set_aside("unreadable" if each.broken else each.why)
                broken += [each] if each.broken else []
            else:
                gathering.add(each)
                count += 1
        heard += count
        told.append(f"{count:,} queries of {'standard input' if place == '-' else shown(place)}")
    for each in broken[:_NAMED]:
        click.echo(f"warning: {each}", err=True)
    if len(broken) > _NAMED:
        click.echo(f"warning: … and {len(broken) - _NAMED} more that cannot be read", err=True)
    workload = gathering.workload(told)
    if not workload.statements:
        aside = ", ".join(f"{count} {why}" for why, count in workload.set_aside.items())
        raise NothingToAdvise(
            f"{', '.join(places)}: no statement that an index could serve"
            + (f" ({aside})" if aside else ""),
            hint="give a recording (pytest --querysafe-record), a log, or a file of SQL",
        )
    return workload


def _heard(place: str, database: str) -> Heard:
    if place != statements_view.VIEW:
        yield from read(place, database=Target.parse(database).database)
        return
    with Target.parse(database).connect(autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = on")
        yield from statements_view.read_live(connection)


__all__ = ["NothingToAdvise", "SourceError", "hear"]
