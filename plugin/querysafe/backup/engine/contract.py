"""What every engine can be asked."""

import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from querysafe.backup.errors import BackupError
from querysafe.errors import ProgramNotFound

LONGEST_SECONDS = 24 * 3600.0
_TAIL = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One backup of an engine, in our words."""

    id: str
    status: str
    """``ok``, ``damaged``, or ``unfinished``."""
    problem: str = ""
    started: datetime
    ended: datetime | None
    size: int | None
    """Bytes that it added to the engine's repository; ``None`` when the engine does not tell."""
    raw_size: int | None
    """Bytes of the cluster."""
    parent: str | None = None
    """The backup that an incremental one builds upon."""
    server_version: str | None = None


@dataclass(frozen=True, slots=True)
class Engine(ABC):
    """An engine as it is set up on this machine; ``name`` is its stanza or server."""

    name: str
    config: Path | None = None
    program: ClassVar[str]
    package: ClassVar[str]

    @abstractmethod
    def backups(self) -> tuple[Held, ...]:
        """Every backup, newest first. Raises :class:`BackupError` when it cannot be asked."""

    @abstractmethod
    def create(self, *, incremental: bool) -> Held:
        """Take a backup and return it."""

    @abstractmethod
    def verify(self, id: str) -> tuple[str, ...]:
        """Let the engine check a backup; what is wrong, nothing when it is sound."""

    @abstractmethod
    def restore(self, id: str, directory: Path) -> None:
        """Restore a backup into a directory that a server can start from, with the WAL that
        the engine has since then where it can.
        """

    @abstractmethod
    def major(self, id: str) -> int:
        """The PostgreSQL major version of a backup's cluster."""

    def find(self, id: str) -> Held:
        """A backup, or the newest whole one for ``latest``. Raises :class:`BackupError`."""
        found = self.backups()
        for each in found:
            if each.id == id or (id == "latest" and each.status == "ok"):
                return each
        shown = "whole backup" if id == "latest" else f'backup "{id}"'
        raise BackupError(
            f'{self.program} has no {shown} of "{self.name}"',
            hint=f"it has {', '.join(each.id for each in found) or 'none at all'}",
        )

    def run(self, *arguments: str, statuses: Sequence[int] = (0,)) -> str:
        """Run the program and return what it printed.

        Raises :class:`ProgramNotFound`, and :class:`BackupError` with the end of what it said.
        """
        done = self.tried(*arguments)
        if done.returncode not in statuses:
            said = (done.stderr.strip() or done.stdout.strip())[-_TAIL:]
            raise BackupError(
                f"{self.program} ended with status {done.returncode}: {said}",
                hint=f"try it by hand: {self.program} {' '.join(arguments)}",
            )
        return done.stdout

    def tried(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run the program, however it ends."""
        path = shutil.which(self.program)
        if path is None:
            raise ProgramNotFound(
                f'"{self.program}" is not installed', hint=f"apt-get install {self.package}"
            )
        try:
            return subprocess.run(
                [path, *arguments],
                env={**os.environ, "LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=LONGEST_SECONDS,
                cwd=os.sep,
            )
        except subprocess.TimeoutExpired:
            raise BackupError(f"{self.program} did not end within a day") from None
        except OSError as error:
            raise BackupError(f'"{path}" cannot be run: {error.strerror}') from None
