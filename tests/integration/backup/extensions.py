"""A schema for the server at hand: not every build of PostgreSQL brings every extension."""

import re
from collections.abc import Collection

AVAILABLE = "SELECT name FROM pg_available_extensions"
_CREATE = re.compile(r"^CREATE EXTENSION (\w+);$", re.MULTILINE)
_INSTEAD = {"citext": "CREATE DOMAIN public.citext AS text;"}


def wanted(schema: str) -> tuple[str, ...]:
    """The extensions that a schema creates."""
    return tuple(_CREATE.findall(schema))


def adapted(schema: str, available: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """The schema with what the server has, and the extensions that it goes without.

    A test that is given some says which: a run on such a server has proven less.
    """

    def instead(found: re.Match[str]) -> str:
        return found[0] if found[1] in available else _INSTEAD.get(found[1], "")

    missing = tuple(name for name in wanted(schema) if name not in available)
    return _CREATE.sub(instead, schema), missing
