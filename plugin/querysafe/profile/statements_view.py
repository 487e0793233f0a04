"""``pg_stat_statements`` of a running server, or a dump of it as CSV."""

import csv
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from querysafe.profile.errors import SourceError
from querysafe.profile.unread import Heard, Unread
from querysafe.profile.witnessing import witnessed

if TYPE_CHECKING:
    import psycopg

VIEW = "pg_stat_statements"
_WHERE = (
    "SELECT n.nspname FROM pg_catalog.pg_extension AS e "
    "JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = %s"
)
_WITHHELD = "<insufficient privilege>"


def read_live(connection: "psycopg.Connection[Any]") -> Heard:
    """Give the statements of the database that we are connected to, dearest first.

    Raises :class:`SourceError` when the extension is missing or not loaded.
    """
    import psycopg
    from psycopg import sql

    try:
        found = connection.execute(_WHERE, (VIEW,)).fetchone()
        if found is None:
            raise SourceError(
                f"the database has no {VIEW}",
                hint=f"CREATE EXTENSION {VIEW}, with shared_preload_libraries = '{VIEW}'",
            )
        text = files("querysafe.profile").joinpath("sql", f"{VIEW}.sql").read_text("utf-8")
        query = sql.SQL(text).format(schema=sql.Identifier(found[0]))
        rows = connection.execute(query).fetchall()
    except psycopg.Error as error:
        raise SourceError(
            f"{VIEW} cannot be read: {str(error).strip().splitlines()[0]}",
            hint=f"the server wants shared_preload_libraries = '{VIEW}', "
            "the role pg_read_all_stats",
        ) from None
    for statement, calls, milliseconds in rows:
        yield _heard(statement, calls, milliseconds, VIEW, 0)


def read_csv(lines: Iterable[str], name: str) -> Heard:
    """Give the statements of ``COPY pg_stat_statements TO … CSV HEADER``."""
    records = csv.DictReader(lines)
    while True:
        line = records.line_num + 1
        try:
            record = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            yield Unread(source=name, line=line, why=f"no CSV: {error}")
            continue
        try:
            yield _heard(
                record["query"],
                float(record.get("calls") or 1),
                float(_time(record) or 0),
                name,
                line,
            )
        except (TypeError, ValueError, KeyError):
            yield Unread(source=name, line=line, why=f"no record of {VIEW}")


def _time(record: Mapping[str, str]) -> str | None:
    return record.get("total_exec_time") or record.get("total_time")


def _heard(statement: str, calls: float, milliseconds: float, name: str, line: int) -> Any:
    if statement == _WITHHELD:
        return Unread(source=name, line=line, why="withheld from this role", broken=False)
    if not statement.strip():
        raise ValueError(statement)
    return witnessed(
        statement, source=VIEW, calls=max(1, round(calls)), seconds=milliseconds / 1000
    )
