"""What a revision has to do, decided before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass

from querysafe.advice.advice import Advised
from querysafe.advice.index import Index, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A direct child of a partitioned table."""

    table: Table
    partitions: tuple["Partition", ...] | None = None
    """Its own children when it is partitioned itself, else None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """One index to create."""

    name: str
    index: Index
    advised: Advised | None = None
    """What stands behind it; None for one that a downgrade brings back."""
    partitions: tuple[Partition, ...] | None = None
    """The partitions of its table as they were known when this was written; None: not partitioned."""
    is_conventional: bool = False
    """Whether the name came from the naming convention, which must not be applied once more."""
    is_modelled: bool = False
    """Whether the models declare it already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Everything one revision does."""

    creates: tuple[New, ...]
    drops: tuple[New, ...] = ()
    """Indexes that the new ones make redundant; a downgrade creates them again."""
    default_schema: str = "public"
    """Tables of it are named without a schema, as the models name them."""
    schemas: Mapping[Table, str | None] | None = None
    """The schema that the models give a table, where they know it."""

    def schema(self, table: Table) -> str | None:
        """The argument ``schema`` for a table."""
        if self.schemas is not None and table in self.schemas:
            return self.schemas[table]
        return None if table.schema == self.default_schema else table.schema

    @property
    def extensions(self) -> tuple[str, ...]:
        """Every extension that an index needs, once."""
        return tuple(dict.fromkeys(name for new in self.creates for name in new.index.extensions))

    @property
    def analyzed(self) -> tuple[Table, ...]:
        """Tables with a new expression, of which the planner knows nothing before ``ANALYZE``."""
        return tuple(
            dict.fromkeys(
                new.index.table
                for new in self.creates
                if any(key.expression for key in new.index.keys)
            )
        )
