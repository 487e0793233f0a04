"""A repository in a directory: temporary name, fsync, link or rename, fsync of the folder."""

import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from querysafe.backup.errors import ObjectExists, ObjectMissing, RepositoryError
from querysafe.backup.repository.contract import Entry, Repository, Writer

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_TEMPORARY = ".unfinished-"
_ATTEMPTS = 10
_UNFINISHED = re.compile(r"\.unfinished-[0-9a-f]{16}-.+")


_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class DirectoryRepository(Repository):
    """Files below one directory, readable by their owner only, unless it is a shared one."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.location = str(root)

    @classmethod
    def at(cls, path: Path, *, create: bool = False) -> "DirectoryRepository":
        """Use a directory. Raises :class:`RepositoryError` when it is missing."""
        root = path.absolute()
        with _told(root):
            if create and not root.exists():
                root.mkdir(mode=0o700, parents=True, exist_ok=True)
                owner = root.parent.stat()
                if os.geteuid() == 0 and owner.st_uid:
                    os.chown(root, owner.st_uid, owner.st_gid)
        if not root.is_dir():
            what = "is no directory" if root.exists() else "does not exist"
            raise RepositoryError(
                f'the repository "{root}" {what}', hint="create it, or name another directory"
            )
        return cls(root)

    def create(self, name: str) -> Writer:
        """Write to a temporary file beside its place."""
        path = self._path(name)
        if self.exists(name):
            raise ObjectExists(f'"{name}" exists in "{self.location}" already')
        return _FileWriter(path, self._root)

    def put_once(self, name: str, data: bytes) -> None:
        """Publish with a hard link, which fails when the name is taken."""
        with _FileWriter(self._path(name), self._root) as writer:
            writer.write(data)

    def replace(self, name: str, data: bytes) -> None:
        """Publish with a rename."""
        with _FileWriter(self._path(name), self._root, over=True) as writer:
            writer.write(data)

    def open(self, name: str) -> BinaryIO:
        """Open the file."""
        path = self._path(name)
        with _told(path):
            try:
                # A pipe that somebody put there would be waited for, for ever.
                descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except (FileNotFoundError, NotADirectoryError):
                raise ObjectMissing(f'"{name}" is not in "{self.location}"') from None
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                raise ObjectMissing(f'"{name}" in "{self.location}" is no file')
            return os.fdopen(descriptor, "rb")

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        """Walk the directory that the prefix names."""
        start = self._root / prefix.rpartition("/")[0]
        found: list[Entry] = []
        with _told(start):
            for folder, _, files in os.walk(start, onerror=_raise):
                for file in files:
                    path = Path(folder, file)
                    name = path.relative_to(self._root).as_posix()
                    if file.startswith(".") or not name.startswith(prefix):
                        continue
                    try:
                        status = path.stat()
                    except OSError as error:
                        if error.errno in (errno.ENOENT, errno.ELOOP):
                            continue
                        raise
                    if not stat.S_ISREG(status.st_mode):
                        continue
                    found.append(
                        Entry(
                            name=name,
                            size=status.st_size,
                            modified=datetime.fromtimestamp(status.st_mtime, UTC),
                        )
                    )
        yield from sorted(found, key=lambda entry: entry.name)

    def delete(self, name: str) -> None:
        """Unlink the file, and the folders that this leaves empty."""
        path = self._path(name)
        with _told(path):
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return
            _sync(path.parent)
            self._prune(path.parent)

    def sweep(
        self, before: datetime | None = None, *, below: str = "", spare: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Remove temporary files that no writer holds and nobody has written to since."""
        swept: list[str] = []
        with _told(self._root):
            for path in list((self._root / below).rglob(f"{_TEMPORARY}*")):
                name = path.relative_to(self._root).as_posix()
                if not _UNFINISHED.fullmatch(path.name) or name.startswith(tuple(spare)):
                    continue
                with suppress(FileNotFoundError):
                    modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                    if (before is None or modified < before) and not _is_held(path):
                        path.unlink()
                        swept.append(name)
                        self._prune(path.parent)
        return tuple(sorted(swept))

    def exists(self, name: str) -> bool:
        """Whether the file is there."""
        path = self._path(name)
        with _told(path):
            return path.is_file()

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise RepositoryError(f'"{name}" is no name of an object')
        return self._root / name

    def _prune(self, folder: Path) -> None:
        while folder != self._root:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


class _FileWriter(Writer):
    def __init__(self, path: Path, root: Path, *, over: bool = False) -> None:
        self._path = path
        self._over = over
        self._temporary = path.with_name(f"{_TEMPORARY}{secrets.token_hex(8)}-{path.name}"[:200])
        with _told(path):
            self._file = os.fdopen(self._begun(root), "wb", buffering=0)
            # The kernel drops it with us, so that a sweep knows whether we live.
            with suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _give_to(self._temporary, root)
            while folder := path.parent:
                _sync(folder)
                if folder == root:
                    break
                path = folder

    def _begun(self, root: Path) -> int:
        """Open the temporary file; a folder that somebody else prunes meanwhile is made again."""
        for attempt in range(_ATTEMPTS):
            folder = self._path.parent
            missing = [each for each in (folder, *folder.parents) if not each.exists()]
            if root in missing:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(root))
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                for each in missing:
                    _give_to(each, root)
                return os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileNotFoundError:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError

    def write(self, data: bytes | memoryview) -> int:
        with _told(self._path):
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
        return len(data)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                with _told(self._path):
                    os.fsync(self._file.fileno())
                    self._publish()
        finally:
            self._file.close()
            self._temporary.unlink(missing_ok=True)

    def _publish(self) -> None:
        if self._over:
            self._temporary.replace(self._path)
        else:
            try:
                os.link(self._temporary, self._path)
            except FileExistsError:
                raise ObjectExists(f'"{self._path}" exists already') from None
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
                    raise
                self._publish_without_links()
        _sync(self._path.parent)

    def _publish_without_links(self) -> None:
        """On a file system without hard links (exFAT, some shares) the name is taken first."""
        try:
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            raise ObjectExists(f'"{self._path}" exists already') from None
        self._temporary.replace(self._path)


def _is_held(path: Path) -> bool:
    """Whether a living writer has a temporary file open."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say an error of the file system in our words; it names the file and the cause."""
    try:
        yield
    except OSError as error:
        named = error.filename or path
        raise RepositoryError(f'"{named}" in the repository failed: {error.strerror}') from None


def _give_to(path: Path, root: Path) -> None:
    """Let a new file belong to whom the repository does, when we are root; where others may write
    into the repository, as two users of one group, they may read and write the file too.
    """
    of = root.stat()
    if os.geteuid() == 0 and of.st_uid:
        os.chown(path, of.st_uid, of.st_gid, follow_symlinks=False)
    if of.st_mode & _OTHERS_WRITE:
        if of.st_mode & stat.S_ISGID:
            with suppress(OSError):
                os.chown(path, -1, of.st_gid, follow_symlinks=False)
        shared = of.st_mode & 0o077
        path.chmod(0o700 | shared if path.is_dir() else 0o600 | shared & 0o066)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
