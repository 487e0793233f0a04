"""Statements that fail because a role may not read a table: which table, and what to type."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from querysafe.advice.index import Table
from querysafe.advice.planner import Refused
from querysafe.advice.planning.catalog import Catalog

_ABSENT = re.compile(r'relation "(?P<name>.+)" does not exist')
_DENIED = re.compile(r"permission denied for (?P<sort>table|view|materialized view) (?P<name>.+)")
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What a role may not see of the database that is advised on."""

    role: str
    hidden: frozenset[Table] = frozenset()
    """Tables that a clone lacks because the role may not read them."""

    @classmethod
    def of(cls, role: str, catalog: Catalog) -> "Permissions":
        """Read them from the catalog as the role sees it."""
        return cls(
            role=role,
            hidden=frozenset(each.table for each in catalog.values() if not each.is_copyable),
        )

    def told(self, refused: Refused) -> Refused:
        """A refusal that a missing right explains, with the right in words and what grants it."""
        if found := _DENIED.fullmatch(refused.why):
            name = found["name"]
            return self._refused(refused, name, _named(*name.split(".")))
        if found := _ABSENT.fullmatch(refused.why):
            wanted = found["name"]
            for table in sorted(self.hidden):
                if wanted in (table.name, f"{table.schema}.{table.name}"):
                    return self._refused(refused, f"{table.schema}.{table.name}", spelled(table))
        return refused

    def _refused(self, refused: Refused, name: str, target: str) -> Refused:
        return replace(
            refused,
            why=f'the role "{self.role}" may not read "{name}"',
            cure=f"GRANT SELECT ON {target} TO {_named(self.role)};",
        )


def grants(tables: Collection[Table], role: str) -> str:
    """The statements that let a role read tables."""
    schemas = sorted({table.schema for table in tables} - {"public"})
    usage = f"GRANT USAGE ON SCHEMA {', '.join(map(_named, schemas))} TO {_named(role)}; "
    select = f"GRANT SELECT ON {', '.join(map(spelled, sorted(tables)))} TO {_named(role)};"
    return f"{usage if schemas else ''}{select}"


def bypass(role: str) -> str:
    """The statement that lets a role past row security."""
    return f"ALTER ROLE {_named(role)} BYPASSRLS;"


def spelled(table: Table) -> str:
    """A table in SQL, without quotes where none are needed."""
    return _named(table.schema, table.name)


def _named(*parts: str) -> str:
    return ".".join(
        part if _PLAIN.fullmatch(part) else '"' + part.replace('"', '""') + '"' for part in parts
    )
