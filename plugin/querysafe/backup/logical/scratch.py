"""The new database that a restore fills, and the swap that puts it in its place."""

import re
import secrets
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from querysafe.backup.contents import query
from querysafe.backup.errors import RestoreRefused
from querysafe.backup.manifest import Manifest
from querysafe.errors import ServerError
from querysafe.postgres.target import Target

if TYPE_CHECKING:
    import psycopg

NAME_BYTES = 63
_LEFT = re.compile(r".*_restore_[0-9a-f]{8}", re.DOTALL)
_TRIES = 5


def maintenance(target: Target) -> "psycopg.Connection[Any]":
    """A connection to a database of the server that a swap does not touch."""
    last = "postgres" if target.database != "postgres" else "template1"
    try:
        return target.to(last).connect(autocommit=True)
    except ServerError:
        if last == "template1":
            raise
        return target.to("template1").connect(autocommit=True)


def name_for(database: str, suffix: str) -> str:
    """``shop_restore_1a2b``, within PostgreSQL's 63 bytes."""
    room = NAME_BYTES - len(suffix.encode()) - 1
    return f"{database.encode()[:room].decode(errors='ignore')}_{suffix}"


def exists(connection: "psycopg.Connection[Any]", name: str) -> bool:
    """Whether the server has a database of that name."""
    found = connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
    return found.fetchone() is not None


def objects_in(target: Target) -> int:
    """How many objects of the user's a database holds."""
    with closing(target.connect(autocommit=True)) as connection:
        row = connection.execute(query("objects")).fetchone()
        assert row is not None
        return int(row[0])


@contextmanager
def scratch(
    connection: "psycopg.Connection[Any]", target: Target, manifest: Manifest
) -> Iterator[Target]:
    """Create the database to restore into; it is dropped when the block fails.

    What earlier restores of the same target left behind is dropped first: whoever holds the
    lock of the target knows that they are dead. Raises :class:`ServerError`.
    """
    from psycopg import sql

    comment = f'querysafe: unfinished restore of "{target.database}"'
    ours = name_for(target.database, f"restore_{'0' * 8}")[:-8]
    for left, said, limit in connection.execute(query("left_behind")).fetchall():
        was_begun = said is None and limit == mark(left) and left[:-8] == ours
        if _LEFT.fullmatch(left) and (said == comment or was_begun):
            drop(connection, left)
    name = name_for(target.database, f"restore_{secrets.token_hex(4)}")
    process = connection.info.backend_pid
    try:
        create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        limit = sql.SQL(" CONNECTION LIMIT {}").format(sql.Literal(mark(name)))
        administer(connection, create, manifest, limit)
        administer(
            connection,
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                sql.Identifier(name), sql.Literal(comment)
            ),
        )
        yield target.to(name)
    except BaseException:
        _discard(connection, process, target, name)
        raise


def mark(name: str) -> int:
    """The connection limit with which a database to restore into is created.

    Between its creation and its comment it has no other mark; nobody else chooses this one.
    """
    return 2**30 + zlib.crc32(name.encode()) % 2**29


def _discard(
    connection: "psycopg.Connection[Any]", process: int, target: Target, name: str
) -> None:
    """Drop it by the connection there is, or by a new one when that is lost or still at work.

    A server that restarts is waited for; what cannot be dropped now is by the next restore.
    """
    from psycopg.pq import TransactionStatus

    for attempt in range(_TRIES):
        with suppress(ServerError):
            if connection.info.transaction_status == TransactionStatus.IDLE and attempt == 0:
                drop(connection, name)
            else:
                with closing(maintenance(target)) as another:
                    _end_session(another, process)
                    drop(another, name)
            return
        time.sleep(0.2 if attempt == 0 else 1)


def _end_session(connection: "psycopg.Connection[Any]", process: int) -> None:
    """End a session of ours, and wait until it has: what it was told last may be undone then."""
    import psycopg

    with suppress(psycopg.Error):
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE pid = %s AND application_name = 'querysafe'",
            (process,),
        )


def administer(
    connection: "psycopg.Connection[Any]",
    statement: Any,
    manifest: Manifest | None = None,
    more: Any = None,
) -> None:
    """Run a statement about a database. Raises :class:`ServerError` with the server's words."""
    import psycopg

    try:
        if manifest is not None:
            statement += _like(connection, manifest)
        connection.execute(statement + more if more is not None else statement)
    except psycopg.Error as error:
        raise ServerError(f"the server refused: {str(error).strip()}") from None


def _like(connection: "psycopg.Connection[Any]", manifest: Manifest) -> Any:
    """The encoding and locale of the database that was backed up."""
    from psycopg import sql

    facts = manifest.facts
    words: list[Any] = [sql.SQL(" TEMPLATE template0")]
    given = {"ENCODING": "encoding", "LC_COLLATE": "collate", "LC_CTYPE": "ctype"}
    for word, fact in given.items():
        if facts.get(fact):
            words.append(sql.SQL(f" {word} {{}}").format(sql.Literal(facts[fact])))
    provider, locale = facts.get("provider"), facts.get("locale")
    if provider in ("icu", "builtin") and connection.info.server_version >= 150000:
        words.append(sql.SQL(f" LOCALE_PROVIDER {provider}"))
        if locale:
            words.append(sql.SQL(f" {provider.upper()}_LOCALE {{}}").format(sql.Literal(locale)))
    return sql.Composed(words)


def drop(connection: "psycopg.Connection[Any]", name: str) -> None:
    """Drop a database, whoever is connected to it."""
    from psycopg import sql

    administer(
        connection, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )


def swap(
    connection: "psycopg.Connection[Any]", target: Target, new: str, comment: str | None
) -> str | None:
    """Give the new database the target's name, and return what the old one is called now.

    The renames and the new one's comment are one transaction: whatever happens, also to us,
    the old database is in its place or the new one is. Sessions of the old one are ended
    until the rename, which keeps new ones out, has its lock.
    """
    from psycopg import sql

    name = target.database
    kept = _free_name(connection, name) if exists(connection, name) else None
    with _sessions_ended(target, kept is not None), connection.transaction():
        if kept is not None:
            administer(connection, _rename(name, kept))
        administer(connection, _rename(new, name))
        administer(
            connection,
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                sql.Identifier(name), sql.Literal(comment)
            ),
        )
    return kept


@contextmanager
def _sessions_ended(target: Target, wanted: bool) -> Iterator[None]:
    """End every session of a database again and again for the block, by a second connection."""
    if not wanted:
        yield
        return
    import psycopg

    with closing(maintenance(target)) as connection:
        ended = threading.Event()

        def end() -> None:
            with suppress(psycopg.Error):
                while True:
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                        (target.database,),
                    )
                    if ended.wait(0.1):
                        return

        thread = threading.Thread(target=end, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _free_name(connection: "psycopg.Connection[Any]", name: str) -> str:
    stamp = f"old_{datetime.now(UTC):%Y%m%d%H%M%S}"
    kept = name_for(name, stamp)
    while exists(connection, kept):
        kept = name_for(name, f"{stamp}_{secrets.token_hex(2)}")
    return kept


def _rename(old: str, new: str) -> Any:
    from psycopg import sql

    return sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
        sql.Identifier(old), sql.Identifier(new)
    )


def refuse_unless_empty(
    connection: "psycopg.Connection[Any]", target: Target, *, replace: bool
) -> bool:
    """Whether the target exists. Raises :class:`RestoreRefused` when something is in it."""
    if not exists(connection, target.database):
        return False
    if not replace and (count := objects_in(target)):
        raise RestoreRefused(
            f'the database "{target.database}" is not empty: it holds {count} objects',
            hint="name a database that does not exist yet, or add --replace to swap the restored "
            "one in; the old one is then kept under another name",
        )
    return True
