"""Invalid indexes of the database, which its planner never uses, nor may that of its clone."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from querysafe.advice.index import quoted
from querysafe.advice.planner import Existing
from querysafe.advice.planning.catalog import Catalog
from querysafe.advice.planning.facts import PAGE

if TYPE_CHECKING:
    from psycopg import Connection


def invalid(catalog: Catalog) -> list[Existing]:
    """Indexes that a failed build left, but for those put together from partitions' own."""
    return [
        Existing(
            name=each.name,
            index=each.index,
            bytes=each.blocks * PAGE,
            valid=False,
            constraint=each.constraint,
        )
        for entry in catalog.values()
        for each in entry.indexes
        if not each.valid and not each.partitioned and each.parent is None
    ]


def drop(connection: "Connection[Any]", indexes: Sequence[Existing]) -> None:
    """Take them out of a clone, where emptying their table would make them valid."""
    if indexes:
        connection.execute("SET session_replication_role = replica")  # no event trigger sees it
    for each in indexes:
        name = f"{quoted(each.index.table.schema)}.{quoted(each.name)}"
        if not each.constraint:
            connection.execute(f"DROP INDEX IF EXISTS {name}".encode())
