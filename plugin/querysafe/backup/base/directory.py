"""The directory that a base backup is restored into: empty before, whole after, or empty again."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from querysafe.backup.errors import BackupError, Busy, RestoreRefused

CONTROL = Path("global", "pg_control")
"""Without this file no server starts."""
_UNFINISHED = ".querysafe-unfinished"


@contextmanager
def emptied(directory: Path) -> Iterator[Path]:
    """A place to work within an empty directory; a failure leaves it empty, or not there.

    What a restore that was killed left behind is removed. Raises :class:`RestoreRefused`
    when something else is in it, and :class:`Busy` when another restore works there.
    """
    made = not directory.exists()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if made:
            _give_to(directory, directory.absolute().parent)
        _refuse_contents(directory)
        work = directory / _UNFINISHED
        work.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(work, os.O_RDONLY)
    except OSError as error:
        raise RestoreRefused(f'"{directory}" cannot be used: {error.strerror}') from None
    try:
        _lock(lock, work, directory)
        _refuse_contents(directory)
        _clear(directory, keep=work)
        yield work
    except OSError as error:
        raise BackupError(f'"{error.filename or directory}": {error.strerror}') from None
    finally:
        if _is_same(lock, work):
            with suppress(OSError):
                if not (directory / CONTROL).exists():
                    _clear(directory, keep=work)
                shutil.rmtree(work)
                if made:
                    directory.rmdir()
        os.close(lock)


def publish(whole: Path, directory: Path) -> None:
    """Move everything into place, the control file last."""
    held = whole.parent / "pg_control"
    (whole / CONTROL).rename(held)
    for path in whole.iterdir():
        path.rename(directory / path.name)
    for path in (held, *directory.rglob("*")):
        _give_to(path, directory)
    directory.chmod(0o700)
    _sync(directory)
    held.rename(directory / CONTROL)
    _sync(directory / CONTROL.parent)


def _refuse_contents(directory: Path) -> None:
    there = {path.name for path in directory.iterdir()}
    if there and (_UNFINISHED not in there or (directory / CONTROL).exists()):
        raise RestoreRefused(
            f'the directory "{directory}" is not empty', hint="name an empty or a new one"
        )


def _lock(lock: int, work: Path, directory: Path) -> None:
    """Hold the place for this process; the kernel lets go of it when it dies."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Busy(f'another restore into "{directory}" is running', hint="wait for it") from None
    if not _is_same(lock, work):
        raise Busy(f'another restore into "{directory}" has just ended', hint="look at it")


def _is_same(lock: int, work: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(lock), work.stat()) and _is_held(lock)
    except OSError:
        return False


def _is_held(lock: int) -> bool:
    """Whether this process holds the lock; taking it again is no error then."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _clear(directory: Path, *, keep: Path) -> None:
    for path in (*directory.iterdir(), *keep.iterdir()):
        if path == keep:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _give_to(path: Path, like: Path) -> None:
    """As root: let a file belong to whom another does, since no server runs as root."""
    owner = like.stat()
    if os.geteuid() == 0 and owner.st_uid:
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
