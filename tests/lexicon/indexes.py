"""The indexes that the lexicon lacks on purpose, and their cure."""

from dataclasses import dataclass

from sqlalchemy import Connection, Index, MetaData, Table, inspect

from tests.lexicon.core.database import Base


@dataclass(frozen=True, slots=True)
class MissingIndex:
    """One mistake of the schema: a query that must scan a table for want of an index."""

    table: str
    columns: tuple[str, ...]
    query: str
    """A read of the application that needs it, with literal values."""
    reason: str

    @property
    def name(self) -> str:
        return f"ix_{self.table}_{'_'.join(self.columns)}"


MISSING_INDEXES = (
    MissingIndex(
        "translation",
        ("concept_id",),
        "SELECT id, text FROM translation WHERE concept_id = 70",
        "the unique constraint begins with language_id: PostgreSQL 18 must skip through it once "
        "for each language, older ones scan the table",
    ),
    MissingIndex(
        "concept",
        ("parent_id",),
        "SELECT id, code FROM concept WHERE parent_id = 27",
        "PostgreSQL does not index a foreign key by itself",
    ),
    MissingIndex(
        "progress",
        ("user_id", "due_on"),
        "SELECT id, strength FROM progress WHERE user_id = 7 AND due_on <= '2025-02-01'",
        "the unique constraint ends with user_id, so what is due today is scanned for",
    ),
)


def create_missing_indexes(connection: Connection) -> tuple[str, ...]:
    """Create those that are absent; return the names of what was created."""
    created = []
    for missing in MISSING_INDEXES:
        present = {index["name"] for index in inspect(connection).get_indexes(missing.table)}
        if missing.name not in present:
            table = Base.metadata.tables[missing.table].to_metadata(MetaData())
            _index(missing, table).create(connection)
            created.append(missing.name)
    return tuple(created)


def drop_missing_indexes(connection: Connection) -> None:
    """Return to the schema as the migrations leave it."""
    for missing in MISSING_INDEXES:
        table = Base.metadata.tables[missing.table].to_metadata(MetaData())
        _index(missing, table).drop(connection, checkfirst=True)


def _index(missing: MissingIndex, table: Table) -> Index:
    return Index(missing.name, *(table.columns[name] for name in missing.columns))
