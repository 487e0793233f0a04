"""The folder that ``pg_receivewal`` writes into, until what is there is in the archive."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from querysafe.backup.errors import BackupError, Busy
from querysafe.backup.wal import names

_LOCK = ".querysafe-lock"
_OWNER = ".querysafe-system"
_PARTIAL = ".partial"


def place(system: str, slot: str) -> Path:
    """Where a spool is when nobody says: below ``XDG_STATE_HOME``, one a cluster and slot."""
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "querysafe" / "wal" / f"{system}-{slot}"


@contextmanager
def held(folder: Path, system: str) -> Iterator[None]:
    """Make a folder the spool of a cluster and keep others out of it.

    Raises :class:`Busy` while another receiver holds it, :class:`BackupError` when it is of
    another cluster or cannot be used.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / _LOCK).open("ab")
    except OSError as error:
        raise BackupError(f'the spool "{folder}" cannot be used: {error.strerror}') from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Busy(
                f'another receiver writes into "{folder}"', hint="stop it, or name another --spool"
            ) from None
        owner = folder / _OWNER
        known = owner.read_text(encoding="utf-8").strip() if owner.exists() else None
        if known not in (None, system):
            raise BackupError(
                f'the spool "{folder}" is of the cluster {known}, the server is {system}',
                hint="name another --spool",
            )
        owner.write_text(system, encoding="utf-8")
        yield


def complete(folder: Path) -> list[Path]:
    """What is whole: histories first, then segments in the order of the log."""
    found = [path for path in folder.iterdir() if path.is_file()]
    histories = sorted(path for path in found if names.HISTORY.fullmatch(path.name))
    segments = [path for path in found if names.SEGMENT.fullmatch(path.name)]
    return [*histories, *sorted(segments, key=lambda path: _order(path.name))]


def unfinished(folder: Path) -> Path | None:
    """The segment that is being received: the furthest of those that are not whole."""
    found = [path for path in folder.glob(f"*{_PARTIAL}") if _is_partial(path)]
    return max(found, key=lambda path: _order(path.name), default=None)


def forget(folder: Path, archived: list[Path]) -> None:
    """Remove what is in the archive, but for the furthest segment and the histories.

    ``pg_receivewal`` goes on behind the furthest file that it finds (manual, its page,
    "Notes"). A partial segment of a timeline that was left goes when the segment of that
    position on the new timeline is archived.
    """
    segments = [path for path in archived if names.SEGMENT.fullmatch(path.name)]
    if not segments:
        return
    furthest = max(segments, key=lambda path: _order(path.name))
    for path in segments:
        if path != furthest:
            path.unlink(missing_ok=True)
    for path in folder.glob(f"*{_PARTIAL}"):
        left = path.name[:8] < furthest.name[:8] and path.name[8:24] <= furthest.name[8:24]
        if left and _is_partial(path):
            path.unlink(missing_ok=True)


def _is_partial(path: Path) -> bool:
    return names.SEGMENT.fullmatch(path.name.removesuffix(_PARTIAL)) is not None


def _order(name: str) -> tuple[str, str]:
    """By position in the log, then by timeline."""
    return name[8:24], name[:8]
