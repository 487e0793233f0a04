"""Inserting one row beside another, within the database."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, CursorResult, cast, func, literal, select
from sqlalchemy.exc import SQLAlchemyError

from querysafe.growth.schema import Plan

Row = Mapping[str, Any]
Result = CursorResult[Any]


def advance(connection: Connection, plan: Plan, name: str) -> None:
    """Let a sequence go on behind the rows that were given their numbers by hand."""
    column = plan.table.columns[name]
    preparer = connection.dialect.identifier_preparer
    sequence = func.pg_get_serial_sequence(preparer.format_table(plan.table), name)
    behind = select(func.max(column)).scalar_subquery()
    if connection.dialect.name != "postgresql":
        return
    connection.execute(
        select(func.setval(sequence, func.greatest(behind, func.nextval(sequence)))).where(
            sequence.is_not(None)
        )
    )


def copy_row(
    connection: Connection, plan: Plan, row: Row, changes: dict[str, Any]
) -> dict[str, Any] | None:
    """Copy a row within the database but for the changed columns; ``None`` when it refuses.

    All but keys is copied by the server, so that no type is changed on the way.
    """
    table = plan.table
    names = [name for name in plan.copied if name != plan.numbered]
    is_postgresql = connection.dialect.name == "postgresql"

    def value(name: str) -> Any:
        column = table.columns[name]
        if name not in changes:
            return column
        bound = literal(changes[name], column.type)
        return cast(bound, column.type) if is_postgresql else bound

    chosen = select(*map(value, names)).where(
        *(table.columns[name] == row[name] for name in plan.key or plan.read)
    )
    statement: Any = table.insert().from_select(names, chosen, include_defaults=False)
    if plan.numbered:
        statement = statement.returning(table.columns[plan.numbered])
    made = attempt(connection, statement)
    if made is None:
        return None
    clone = {**row, **changes}
    if plan.numbered:
        clone[plan.numbered] = made.scalar()
    return clone


def attempt(connection: Connection, statement: Any) -> Result | None:
    """Execute an insertion; ``None`` when the database refuses it, and nothing else is lost."""
    is_postgresql = connection.dialect.name == "postgresql"
    if is_postgresql:
        connection.exec_driver_sql("SAVEPOINT querysafe_row")
    try:
        result: Result = connection.execute(statement)
    except (SQLAlchemyError, ValueError, TypeError, AttributeError):
        if is_postgresql:
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT querysafe_row")
        return None
    if is_postgresql:
        connection.exec_driver_sql("RELEASE SAVEPOINT querysafe_row")
    return result
