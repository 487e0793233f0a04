"""One thing that a revision does to the schema, in whichever way it is written."""

from dataclasses import dataclass

BUILDS = ("create_index", "drop_index", "reindex")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change, with what was in force where it stands."""

    kind: str
    """``create_index``, ``drop_index``, ``reindex``, ``attach``, ``create_table``, ``column`` (of a
    new table), ``drop_table``,
    ``rename_table``, ``add_column``, ``drop_column``, ``rename_column``, ``alter_type``,
    ``set_not_null``, ``foreign_key``, ``check``, ``unique``, ``primary_key``, ``exclusion``,
    ``validate``, ``drop_constraint``, ``rewrite``, ``alter``."""
    line: int
    function: str
    source: str
    """The call or the statement as it is written."""
    table: str = ""
    """``orders`` or ``app.orders``; empty when the text does not say."""
    name: str = ""
    """Of the index, constraint or column."""
    columns: tuple[str, ...] = ()
    references: str = ""
    """The table that a foreign key points to."""
    expression: str = ""
    """Of a check constraint."""
    type: str = ""
    """The new type of a column, as SQL would call it; empty when unknown."""
    old_type: str = ""
    concurrently: bool = False
    guarded: bool = False
    """``IF NOT EXISTS`` or ``IF EXISTS``."""
    only: bool = False
    """``ON ONLY`` a partitioned parent."""
    is_sql: bool = False
    not_valid: bool = False
    using_index: bool = False
    nullable: bool = True
    default: str = ""
    """``none``, ``constant``, ``volatile``, ``generated`` or ``identity``; empty when unknown."""
    outside_transaction: bool = False
    lock_timeout: str = ""
    """What the function has set before: ``4s``, ``0``; empty when nothing."""
    knows_invalid: bool = False
    """Whether the function looked for invalid indexes, or dropped this one, before."""
    transaction: int = 0
    """Grows with each commit within the function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A revision file, read."""

    path: str
    changes: tuple[Change, ...]
    source: str
    id: str = ""
    down: tuple[str, ...] = ()
    """Ids of the revisions it follows or depends on."""
    created: frozenset[str] = frozenset()
    """Tables that it creates itself: nobody waits for those yet."""
    partitioned: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known beside the file: from its neighbours, ``env.py`` and the settings."""

    partitioned: frozenset[str] = frozenset()
    """Tables that some revision creates as partitioned."""
    small: frozenset[str] = frozenset()
    """Tables that are declared small."""
    lock_timeout: bool = False
    """Whether ``env.py`` or the configuration sets one."""
    is_handed: bool = False
    """Whether ``env.py`` leaves it to code elsewhere how migrations are run and connected."""
    before: tuple[Change, ...] = ()
    """What the revisions below this one did, as far as they are in its folder, oldest first."""

    def is_watched(self, revision: Revision, table: str) -> bool:
        """Whether somebody waits when this table is locked: it exists, and is not small."""
        bare = table.rpartition(".")[2]
        return not ({table, bare} & revision.created or {table, bare} & self.small)
