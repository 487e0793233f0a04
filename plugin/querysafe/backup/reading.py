"""What every kind of backup does with a program's output and with what was stored."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

from querysafe.backup import catalog, streams
from querysafe.backup.errors import BackupError
from querysafe.backup.manifest import Part
from querysafe.backup.repository import Repository
from querysafe.backup.steps import Steps
from querysafe.postgres.child import Child


class Checked:
    """A program's output that ends well only when the program did."""

    def __init__(self, running: Child) -> None:
        self._running = running
        self._output: IO[bytes] = running.output

    def read(self, size: int = -1) -> bytes:
        """Read some; at the end wait for the program. Raises :class:`ServerError`."""
        data = self._output.read(size)
        if not data:
            self._running.finish()
        return data


@contextmanager
def discard_on_error(repository: Repository, id: str) -> Iterator[None]:
    """Delete what a backup stored when it fails before its manifest was written."""
    try:
        yield
    except BaseException:
        with suppress(BackupError):
            catalog.discard(repository.hurried(), id)
        raise


def read_back(repository: Repository, id: str, parts: Iterable[Part], steps: Steps) -> None:
    """Read what the repository now holds: what was sent need not be what was stored.

    Raises :class:`DamagedBackup`.
    """
    chosen = tuple(parts)
    with steps.step("read it back", total=sum(part.stored_bytes for part in chosen)) as step:
        for part in chosen:
            with repository.open(catalog.place(id, part.name)) as stream:
                streams.check(stream, part, step.advance)
