"""Where clones stand: in a savepoint of the open transaction, or in one of their own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from querysafe.growth.connections import settle


@contextmanager
def apart(connection: Connection, *, for_good: bool) -> Iterator[None]:
    """All that the block writes, or nothing: committed, or part of the open transaction.

    Waits for no lock of another connection: the next read tries again.
    """
    begin, keep = "SAVEPOINT querysafe", "RELEASE SAVEPOINT querysafe"
    undo: tuple[str, ...] = ("ROLLBACK TO SAVEPOINT querysafe", keep)
    in_autocommit = connection._is_autocommit_isolation()
    if for_good and in_autocommit:
        begin, keep, undo = "BEGIN", "COMMIT", ("ROLLBACK",)
    said = not for_good or in_autocommit
    run: Callable[[str], Any] = connection.exec_driver_sql
    with _impatient(connection):
        if said:
            run(begin)
        try:
            yield
        except BaseException:
            for statement in undo if said else ():
                run(statement)
            if not said:
                settle(connection, commit=False)
            raise
        if said:
            run(keep)
        else:
            settle(connection, commit=True)


_PATIENCE = {
    "sqlite": ("PRAGMA busy_timeout", "PRAGMA busy_timeout = {}"),
    "postgresql": ("SHOW lock_timeout", "SET lock_timeout = '{}'"),
}


@contextmanager
def _impatient(connection: Connection) -> Iterator[None]:
    ask, say = _PATIENCE[connection.dialect.name]
    if connection.dialect.name == "postgresql" and connection._is_autocommit_isolation():
        yield
        return
    before = connection.exec_driver_sql(ask).scalar()
    connection.exec_driver_sql(say.format(50 if ask.startswith("PRAGMA") else "1s"))
    try:
        yield
    finally:
        connection.exec_driver_sql(say.format(before or 0))
