"""Relation files grown without content, so that the planner sees production's sizes.

The planner multiplies the density of ``pg_class`` by the size of the file on disk
(``estimate_rel_size`` in ``src/backend/optimizer/util/plancat.c``), so the numbers alone are not
enough. A file that is grown by ``truncate(2)`` is a hole: it has a size and takes no space.
Grown relations are for ``EXPLAIN`` only.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from querysafe.advice.planning import catalog as catalogs

if TYPE_CHECKING:
    from psycopg import Connection

_BATCH = 200
"""Files that one shell command grows."""


def grow(connection: "Connection[Any]", pages: Mapping[int, int]) -> bool:
    """Grow the main forks of relations, by oid, to a number of pages; never shrink one.

    Returns False when neither this process nor the server can reach the files, or when they
    are not as big as asked for afterwards.
    """
    wanted = {oid: count for oid, count in pages.items() if count > 0}
    if not wanted:
        return True
    found = catalogs.rows(connection, "relation_files", oids=list(wanted))
    row = connection.execute(
        "SELECT current_setting('block_size')::bigint, s.setting::bigint "
        "FROM pg_settings AS s WHERE s.name = 'segment_size'"
    ).fetchone()
    assert row is not None
    block, segment = row
    files = [
        each
        for one in found
        if one["path"] is not None
        for each in _segments(one["path"], one["blocks"], wanted[one["oid"]], block, segment)
    ]
    directory = _reachable(connection)
    by_hand = directory is not None and _by_hand(directory, files)
    if not by_hand and not _by_server(connection, files):
        return False
    now = catalogs.rows(connection, "relation_files", oids=list(wanted))
    return all(each["blocks"] >= wanted[each["oid"]] for each in now)


def _segments(
    path: str, now: int, wanted: int, block: int, segment: int
) -> Iterator[tuple[str, int]]:
    """Files and sizes in bytes: each segment is full but for the last one."""
    for number in range(now // segment, -(-wanted // segment)):
        blocks = min(segment, wanted - number * segment)
        if number * segment + blocks > now:
            yield (f"{path}.{number}" if number else path), blocks * block


def _reachable(connection: "Connection[Any]") -> Path | None:
    """The data directory, when this process sees it and it is this very server's.

    The time of start in ``postmaster.pid`` tells it from another server's folder of the same name.
    """
    row = connection.execute(
        "SELECT current_setting('data_directory'), "
        "floor(extract(epoch FROM pg_postmaster_start_time()))::bigint"
    ).fetchone()
    assert row is not None
    directory = Path(row[0])
    try:
        lines = (directory / "postmaster.pid").read_text().splitlines()
        return directory if abs(int(lines[2]) - row[1]) <= 1 else None
    except (OSError, ValueError, IndexError):
        return None


def _by_hand(directory: Path, files: Iterable[tuple[str, int]]) -> bool:
    try:
        for name, size in files:
            path = directory / name
            if not path.exists():
                owner = (directory / "PG_VERSION").stat()
                path.touch(mode=0o600)
                if os.geteuid() == 0:
                    os.chown(path, owner.st_uid, owner.st_gid)
            os.truncate(path, size)
    except OSError:
        return False
    return True


def _by_server(connection: "Connection[Any]", files: Iterable[tuple[str, int]]) -> bool:
    """``COPY TO PROGRAM`` runs in the data directory; a superuser may."""
    import psycopg
    from psycopg import sql

    commands = [f"truncate -s {size} '{name}'" for name, size in files]
    try:
        for start in range(0, len(commands), _BATCH):
            command = " && ".join(commands[start : start + _BATCH])
            connection.execute(
                sql.SQL("COPY (SELECT 1) TO PROGRAM {}").format(
                    sql.Literal(f"cat >/dev/null; {command}")
                )
            )
    except psycopg.Error:
        return False
    return True
