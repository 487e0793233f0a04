"""What every repository promises; one test suite runs over all of them."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One object: its name, size in bytes, and when it was written (with an offset)."""

    name: str
    size: int
    modified: datetime


class Writer(AbstractContextManager["Writer"]):
    """One object while it is written. Left without an error it is published, else it never was."""

    @abstractmethod
    def write(self, data: bytes | memoryview) -> int:
        """Take some bytes."""


class Repository(ABC):
    """Named objects. A name is a path of plain parts: ``backups/<id>/manifest.json``.

    An object is there whole or not at all. Every method raises :class:`RepositoryError`
    naming the repository and the cause when the store cannot be reached or refuses.
    """

    location: str
    """As it may be shown: without a secret."""

    @abstractmethod
    def create(self, name: str) -> Writer:
        """Write an object as a stream; one of that name must not exist."""

    @abstractmethod
    def put_once(self, name: str, data: bytes) -> None:
        """Write a small object. Raises :class:`ObjectExists` when it exists, whoever made it."""

    @abstractmethod
    def replace(self, name: str, data: bytes) -> None:
        """Write a small object, instead of the one that is there."""

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """Read an object as a stream. Raises :class:`ObjectMissing`."""

    @abstractmethod
    def entries(self, prefix: str = "") -> Iterator[Entry]:
        """Every object whose name begins with a prefix, sorted by name."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is no error."""

    @abstractmethod
    def sweep(
        self, before: datetime | None = None, *, below: str = "", spare: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Remove what dead writers left unpublished below a prefix, and name it.

        Only what was last written to before a time; ``None`` is for a caller who knows that
        every writer below the prefix is dead. Names below a prefix in ``spare`` are left.
        """

    def hurried(self) -> "Repository":
        """The same repository with little patience: for tidying up after a failure."""
        return self

    def read(self, name: str) -> bytes:
        """Read a small object whole. Raises :class:`ObjectMissing`."""
        with self.open(name) as stream:
            return stream.read()

    def exists(self, name: str) -> bool:
        """Whether an object is there."""
        return any(entry.name == name for entry in self.entries(name))
