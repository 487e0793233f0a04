"""The replication slot that makes a server keep what was not received yet."""

import re
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from querysafe.backup.errors import BackupError
from querysafe.backup.wal.names import parse_lsn
from querysafe.errors import ServerError
from querysafe.postgres.target import Target

if TYPE_CHECKING:
    import psycopg

_NAME = re.compile(r"[a-z0-9_]{1,63}")
_QUERY = """
SELECT slot.active, slot.restart_lsn::text, slot.wal_status, slot.slot_type,
       current_setting('max_slot_wal_keep_size'),
       current_setting('server_version_num')::int / 10000,
       (SELECT system_identifier::text FROM pg_control_system()),
       (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()
             ELSE pg_current_wal_lsn() END)::text,
       slot.slot_name IS NOT NULL
  FROM (SELECT 1) AS one
  LEFT JOIN pg_replication_slots AS slot ON slot.slot_name = %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A slot as its server sees it, there or not."""

    name: str
    exists: bool
    is_active: bool
    restart_lsn: str | None
    """From here on the server keeps its WAL; ``None`` before the first use."""
    is_lost: bool
    """Whether the server has deleted WAL that was not received."""
    has_limit: bool
    """Whether ``max_slot_wal_keep_size`` bounds what the server keeps."""
    major: int
    system_identifier: str
    server_lsn: str

    @property
    def lag_bytes(self) -> int | None:
        """What the server has written and nobody has received; ``None`` when unknown."""
        if self.restart_lsn is None:
            return None
        return max(0, parse_lsn(self.server_lsn) - parse_lsn(self.restart_lsn))


def look(target: Target, name: str) -> Slot:
    """Ask a server for a slot. Raises :class:`ServerError`, and :class:`BackupError` for a slot
    that is not physical.
    """
    if not _NAME.fullmatch(name):
        raise BackupError(
            f'"{name}" is no name of a slot', hint="lower-case letters, digits and underscores"
        )
    with closing(target.connect(autocommit=True)) as connection:
        return _slot(connection, name)


def create(target: Target, name: str) -> Slot:
    """Make a slot, if there is none, that keeps WAL from this moment on, and look at it.

    The role needs ``REPLICATION``.
    """
    import psycopg

    found = look(target, name)
    if found.exists:
        return found
    with closing(target.connect(autocommit=True)) as connection:
        try:
            connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", (name,))
        except psycopg.errors.DuplicateObject:
            pass
        except psycopg.Error as error:
            raise BackupError(
                f'the slot "{name}" cannot be made: '
                f"{error.diag.message_primary or type(error).__name__}",
                hint="it needs wal_level = replica, a free slot (max_replication_slots) and a "
                "role with REPLICATION",
            ) from None
        return _slot(connection, name)


def remove(target: Target, name: str) -> bool:
    """Drop a slot: its server keeps no WAL for it any more. Returns whether there was one."""
    import psycopg

    if not look(target, name).exists:
        return False
    with closing(target.connect(autocommit=True)) as connection:
        try:
            connection.execute("SELECT pg_drop_replication_slot(%s)", (name,))
        except psycopg.Error as error:
            raise BackupError(
                f'the slot "{name}" cannot be dropped: '
                f"{error.diag.message_primary or type(error).__name__}",
                hint="stop its receiver first",
            ) from None
    return True


def _slot(connection: "psycopg.Connection[Any]", name: str) -> Slot:
    import psycopg

    try:
        row = connection.execute(_QUERY, (name,)).fetchone()
    except psycopg.Error as error:
        raise ServerError(
            f"the server did not answer: {error.diag.message_primary or type(error).__name__}",
            hint="the role may need pg_monitor, to call pg_control_system()",
        ) from None
    assert row is not None
    active, restart, status, sort, limit, major, system, now, exists = row
    if exists and sort != "physical":
        raise BackupError(f'the slot "{name}" is a {sort} one', hint="name another one with --slot")
    return Slot(
        name=name,
        exists=exists,
        is_active=bool(active),
        restart_lsn=restart,
        is_lost=status == "lost",
        has_limit=limit != "-1",
        major=major,
        system_identifier=system,
        server_lsn=now,
    )
