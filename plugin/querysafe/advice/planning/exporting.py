"""Planner statistics taken from a database, without a row of it."""

from dataclasses import dataclass

from querysafe.advice.index import Table
from querysafe.advice.planning import catalog as catalogs
from querysafe.advice.planning.errors import PlanningError
from querysafe.advice.planning.masking import masked
from querysafe.advice.planning.reading import statistics_of
from querysafe.advice.planning.statistics import Statistics
from querysafe.postgres.target import Target

OLDEST = 13
"""The first version whose statistics are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """Statistics, and what they lack."""

    statistics: Statistics
    role: str
    """Whose rights they were read with."""
    unreadable: tuple[Table, ...]
    """Tables whose columns this role may not see; their sizes are told all the same."""
    filtered: tuple[Table, ...]
    """Those of them whose row security hides their statistics, whatever is granted."""
    ungranted: tuple[Table, ...]
    """Those of them that the role has no ``SELECT`` on."""
    unanalyzed: tuple[Table, ...]
    """Tables that were never analysed: their columns have no statistics yet."""


def export(database_url: str, *, values: str = "few", timeout_seconds: float = 60.0) -> Exported:
    """Read the statistics of a database with the rights of an ordinary role.

    ``values`` is ``few``, ``none`` or ``all``, see
    :func:`~querysafe.advice.planning.masking.masked`. Nothing but catalogs is read, in
    read-only transactions, on a replica too. Raises :class:`PlanningError` and
    :class:`~querysafe.errors.ServerError`.
    """
    import psycopg

    source = Target.parse(database_url)
    with source.connect(autocommit=True) as connection:
        major = connection.info.server_version // 10000
        role = connection.info.user
        if major < OLDEST:
            raise PlanningError(f'"{source}" is PostgreSQL {major}; {OLDEST} or newer is needed')
        try:
            connection.execute("SET default_transaction_read_only = on")
            connection.execute(
                "SELECT set_config('statement_timeout', %s, false)",
                (str(int(timeout_seconds * 1000)),),
            )
            catalog = catalogs.read(connection)
            found = statistics_of(connection, catalog)
        except psycopg.Error as error:
            raise PlanningError(
                f'the statistics of "{source}" cannot be read: {source.without_secrets(str(error))}'
            ) from None
    if not catalog:
        raise PlanningError(
            f'"{source}" has no tables that this role may see',
            hint="look at the database's name and the role's USAGE of the schema",
        )
    unreadable = found.unreadable
    return Exported(
        statistics=masked(found, catalog, values=values),
        role=role,
        unreadable=unreadable,
        filtered=tuple(table for table in unreadable if catalog[table].is_filtered),
        ungranted=tuple(table for table in unreadable if not catalog[table].is_readable),
        unanalyzed=tuple(
            table
            for table, entry in catalog.items()
            if table not in unreadable
            and entry.blocks > 0
            and not found.tables[table].columns
            and entry.kind != "p"
        ),
    )
