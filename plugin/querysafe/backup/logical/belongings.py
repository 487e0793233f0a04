"""What belongs to a database but is not in its archive: roles, owner, privileges, settings."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from querysafe.backup.logical.scratch import administer

if TYPE_CHECKING:
    import psycopg

_ROLE = re.compile(r'^(CREATE|ALTER) ROLE (?P<name>"(?:[^"]|"")*"|[^\s;]+)')
_LISTS = (
    "search_path",
    "temp_tablespaces",
    "local_preload_libraries",
    "session_preload_libraries",
)
"""Settings whose value is a list of quoted names (``GUC_LIST_QUOTE`` in PostgreSQL's source)."""
_ELEMENT = re.compile(r'\s*("(?:[^"]|"")*"|[^",]+)\s*(?:,|$)')


def roles_of(globals_text: str) -> dict[str, list[str]]:
    """The statements of ``pg_dumpall --globals-only`` that make each role."""
    statements: dict[str, list[str]] = {}
    for line in globals_text.splitlines():
        found = _ROLE.match(line)
        if found:
            statements.setdefault(_unquoted(found["name"]), []).append(line)
    return statements


def create_missing_roles(
    connection: "psycopg.Connection[Any]", globals_text: str
) -> tuple[str, ...]:
    """Create the roles that the server lacks, without passwords; return their names.

    A line is run as ``pg_dumpall`` wrote it; the manifest's hash vouches for it.
    """
    there = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
    made: list[str] = []
    for name, statements in roles_of(globals_text).items():
        if name not in there:
            for statement in statements:
                administer(connection, statement)
            made.append(name)
    return tuple(made)


def give(
    connection: "psycopg.Connection[Any]",
    database: str,
    facts: Mapping[str, Any],
    *,
    owner: bool = True,
) -> None:
    """Set a database's owner, privileges, limit and settings as they were."""
    for statement in _statements(connection, database, facts, owner=owner):
        administer(connection, statement)


def _statements(
    connection: "psycopg.Connection[Any]", database: str, facts: Mapping[str, Any], *, owner: bool
) -> Iterator[Any]:
    from psycopg import sql

    name = sql.Identifier(database)
    limit = facts.get("connection_limit", -1)
    yield sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(name, sql.Literal(limit))
    for role, settings in facts.get("settings") or ():
        if role is not None and not owner:
            continue
        subject = (
            sql.SQL("ALTER DATABASE {}").format(name)
            if role is None
            else sql.SQL("ALTER ROLE {} IN DATABASE {}").format(sql.Identifier(role), name)
        )
        for setting in settings or ():
            key, _, value = setting.partition("=")
            yield sql.SQL("{} SET {} TO {}").format(
                subject, sql.SQL(".").join(map(sql.Identifier, key.split("."))), _value(key, value)
            )
    if not owner:
        return
    if facts.get("owner"):
        yield sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, sql.Identifier(facts["owner"]))
    if facts.get("privileges") is not None:
        yield from _privileges(connection, name, facts["privileges"])


def _privileges(
    connection: "psycopg.Connection[Any]", name: Any, items: list[str]
) -> Iterator[Any]:
    from psycopg import sql

    yield sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name)
    rows = connection.execute(
        "SELECT pg_get_userbyid(grantee), grantee = 0, privilege_type, is_grantable "
        "FROM aclexplode(%s::text[]::aclitem[])",
        (items,),
    ).fetchall()
    for grantee, is_public, privilege, is_grantable in rows:
        yield sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
            sql.SQL(privilege),
            name,
            sql.SQL("PUBLIC") if is_public else sql.Identifier(grantee),
            sql.SQL(" WITH GRANT OPTION" if is_grantable else ""),
        )


def _value(key: str, value: str) -> Any:
    from psycopg import sql

    if key not in _LISTS:
        return sql.Literal(value)
    elements = [_unquoted(found) for found in _ELEMENT.findall(value)] or [""]
    return sql.SQL(", ").join(map(sql.Literal, elements))


def _unquoted(name: str) -> str:
    name = name.strip()
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
