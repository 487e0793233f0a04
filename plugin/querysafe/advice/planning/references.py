"""Which tables refer to which: by foreign keys, and by columns named after another table."""

from collections.abc import Iterator
from dataclasses import dataclass

from querysafe.advice.index import Table
from querysafe.advice.planning.catalog import Catalog, Column, TableEntry

_WHOLE = ("smallint", "integer", "bigint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One column that holds the key of a row of another table."""

    child: Table
    column: str
    parent: Table
    declared: bool
    """Whether a foreign key says so; if not, the column's name does."""
    required: bool
    """Whether every row has a value there."""
    once: bool
    """Whether no value may repeat: one row for a row of the parent, at most."""


def references(catalog: Catalog) -> list[Reference]:
    """All references over one column, those of a table to itself too."""
    singular: dict[str, list[Table]] = {}
    for table in catalog:
        for name in _singulars(table.name.lower()):
            singular.setdefault(name, []).append(table)
    return [each for entry in catalog.values() for each in _of(entry, catalog, singular)]


def _of(
    entry: TableEntry, catalog: Catalog, singular: dict[str, list[Table]]
) -> Iterator[Reference]:
    declared = {
        columns[0]: parent
        for columns, parent, _ in entry.foreign_keys
        if len(columns) == 1 and parent in catalog
    }
    for column in entry.columns:
        parent = declared.get(column.name) or _named(entry, column, catalog, singular)
        if parent is not None:
            yield Reference(
                child=entry.table,
                column=column.name,
                parent=parent,
                declared=column.name in declared,
                required=column.not_null,
                once=is_unique(column.name, entry),
            )


def _named(
    entry: TableEntry, column: Column, catalog: Catalog, singular: dict[str, list[Table]]
) -> Table | None:
    """The table that ``order_id`` or ``order_uuid`` means: the one called ``orders`` or ``order``,
    if its key is of the same type.
    """
    name = column.name.lower()
    stem = next((name.removesuffix(end) for end in ("_id", "_uuid") if name.endswith(end)), "")
    if any(column.name in columns for columns, _, _ in entry.foreign_keys):
        return None
    found = [
        table
        for table in singular.get(stem, ())
        if table != entry.table
        and (key := key_of(catalog[table])) is not None
        and _alike(key.base_type, column.base_type)
    ]
    near = [table for table in found if table.schema == entry.table.schema] or found
    return near[0] if len(near) == 1 else None


def key_of(entry: TableEntry) -> Column | None:
    """The column that is the primary key by itself."""
    return entry.column(entry.primary_key[0]) if len(entry.primary_key) == 1 else None


def is_unique(name: str, entry: TableEntry) -> bool:
    """Whether a key or a unique index over this column alone says so."""
    return entry.primary_key == (name,) or any(
        each.index.unique
        and not each.index.where
        and len(each.index.keys) == 1
        and each.index.keys[0].column == name
        for each in entry.indexes
    )


def _singulars(name: str) -> set[str]:
    """What one row of a table may be called: itself, and without the ending of a plural."""
    found = {name, name.removesuffix("s"), name.removesuffix("es")}
    if name.endswith("ies"):
        found.add(name.removesuffix("ies") + "y")
    return found


def _alike(left: str, right: str) -> bool:
    return left == right or (left in _WHOLE and right in _WHOLE)
