"""An index as a value: what it is, not whether it exists."""

from dataclasses import dataclass

MAXIMUM = 63
"""Bytes of an identifier (NAMEDATALEN - 1)."""


def quoted(name: str) -> str:
    """Write a name as an SQL identifier, always quoted: https://www.postgresql.org/docs/current/sql-syntax-lexical.html."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True, order=True)
class Table:
    """A table by its schema and name, as the catalog spells them."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.name)}"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an index: a column, or an expression over columns of the table."""

    column: str = ""
    """Name of the column; empty for an expression."""
    expression: str = ""
    """SQL of the expression without enclosing parentheses, over quoted unqualified columns."""
    operator_class: str = ""
    """As in ``text_pattern_ops``; empty for the default one of the type."""
    descending: bool = False
    nulls_first: bool | None = None
    """None: what the direction implies (last when ascending, first when descending)."""
    collation: str = ""
    """As SQL spells it, where it is not the column's own: ``"C"``."""

    @property
    def target(self) -> str:
        """The column or the parenthesised expression, in SQL."""
        return quoted(self.column) if self.column else f"({self.expression})"

    def __str__(self) -> str:
        words = [self.target]
        if self.collation:
            words.append(f"COLLATE {self.collation}")
        if self.operator_class:
            words.append(self.operator_class)
        if self.descending:
            words.append("DESC")
        if self.nulls_first is not None and self.nulls_first != self.descending:
            words.append("NULLS FIRST" if self.nulls_first else "NULLS LAST")
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Index:
    """An index that exists, or could: ``CREATE INDEX`` of it is a pure function of the value."""

    table: Table
    keys: tuple[Key, ...]
    method: str = "btree"
    include: tuple[str, ...] = ()
    """Names of the columns that are carried but not searched."""
    where: str = ""
    """Predicate of a partial index, over quoted unqualified columns."""
    unique: bool = False
    storage: tuple[tuple[str, str], ...] = ()
    """Storage parameters, as in ``(("pages_per_range", "32"),)``."""
    extensions: tuple[str, ...] = ()
    """Extensions without which it cannot be created, as in ``("pg_trgm",)``."""

    def definition(self) -> str:
        """What follows the name in ``CREATE INDEX name``."""
        words = [f"ON {self.table} USING {self.method} ({', '.join(map(str, self.keys))})"]
        if self.include:
            words.append(f"INCLUDE ({', '.join(map(quoted, self.include))})")
        if self.storage:
            words.append(f"WITH ({', '.join(f'{name} = {value}' for name, value in self.storage)})")
        if self.where:
            words.append(f"WHERE {self.where}")
        return " ".join(words)

    def create(self, name: str, *, concurrently: bool = False) -> str:
        """``CREATE INDEX`` under a name, without a semicolon."""
        return (
            f"CREATE {'UNIQUE ' if self.unique else ''}INDEX "
            f"{'CONCURRENTLY ' if concurrently else ''}{quoted(name)} {self.definition()}"
        )
