"""Keeping ``pg_receivewal`` running, and archiving each segment that it has finished."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from querysafe.backup.errors import BackupError
from querysafe.backup.keys import Recipients
from querysafe.backup.receive import slot as slots
from querysafe.backup.receive import spool
from querysafe.backup.repository import Repository
from querysafe.backup.wal import archive, names
from querysafe.errors import QuerysafeError
from querysafe.postgres.child import Child, child
from querysafe.postgres.programs import Program, for_server
from querysafe.postgres.target import Target

LOOKS_EVERY_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 60.0
STOPS_WITHIN_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person asks of a receiver."""

    slot: str = "querysafe"
    spool: Path | None = None
    """Where segments lie until they are archived; see :func:`querysafe.backup.receive.spool.place`."""
    synchronous: bool = False
    """Whether each write is synced at once and told to the server."""
    recipients: Recipients | None = None
    bin_directory: Path | None = None
    reports_every_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, for a log: ``started``, ``archived``, ``lag``, ``warning``,
    ``failed`` (it goes on), ``stopped``.
    """

    kind: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def receive(
    repository: Repository,
    target: Target,
    wishes: Wishes | None = None,
    tell: Callable[[Event], None] = lambda event: None,
) -> None:
    """Receive the WAL of a server until SIGTERM or SIGINT comes, and archive it.

    The slot is made when there is none. Once it runs, a server or a repository that fails is
    tried again, ever less often, up to once a minute. Raises :class:`BackupError` when it cannot
    begin, and when the server has deleted WAL that was not received: a gap that only a new base
    backup gets over. What is finished lies in the archive when it returns; the segment that was
    being written stays in the spool, where the next receiver goes on.
    """
    wishes = wishes or Wishes()
    found = _usable(slots.create(target, wishes.slot))
    folder = wishes.spool or spool.place(found.system_identifier, wishes.slot)
    program = for_server("pg_receivewal", found.major, bin_directory=wishes.bin_directory)
    if not found.has_limit:
        text = (
            "max_slot_wal_keep_size is -1: while this does not run, the server keeps its WAL "
            "until its disk is full; set a limit below its free space"
        )
        tell(Event(kind="warning", text=text))
    with spool.held(folder, found.system_identifier), _asked_to_stop() as asked:
        _Receiver(repository, target, wishes, tell, program, folder, found, asked).run()


def salvage(
    repository: Repository, folder: Path, *, recipients: Recipients | None = None
) -> tuple[str, ...]:
    """Archive all that a spool holds of a server that is gone for good; return the names.

    The unfinished segment, too, as far as it came: the rest of it is zeros, where recovery
    ends. Should the server live on, its own segment of that name will be refused.
    """
    owner = folder / ".querysafe-system"
    if not owner.exists():
        raise BackupError(f'"{folder}" is no spool of a receiver', hint="name it with --spool")
    system = owner.read_text(encoding="utf-8").strip()
    pushed: list[str] = []
    with spool.held(folder, system):
        partial = spool.unfinished(folder)
        if partial is not None and _has_begun(partial):
            partial.rename(partial.with_suffix(""))
        for path in spool.complete(folder):
            _, was_there = archive.push(repository, path, recipients=recipients, system=system)
            if not was_there:
                pushed.append(path.name)
    return tuple(pushed)


class _Receiver:
    """A receiver while it runs."""

    def __init__(
        self,
        repository: Repository,
        target: Target,
        wishes: Wishes,
        tell: Callable[[Event], None],
        program: Program,
        folder: Path,
        slot: slots.Slot,
        asked: threading.Event,
    ) -> None:
        self._repository = repository
        self._target = target
        self._wishes = wishes
        self._tell = tell
        self._program = program
        self._folder = folder
        self._slot = slot
        self._asked = asked
        self._pushed: set[str] = set()
        self._push_again_at = 0.0
        self._push_failures = 0
        self._report_at = 0.0

    def run(self) -> None:
        failures = 0
        while not self._asked.is_set():
            began = time.monotonic()
            said = self._stream()
            if self._asked.is_set():
                break
            failures = 1 if time.monotonic() - began > LONGEST_WAIT_SECONDS else failures + 1
            seconds = min(2.0 ** (failures - 1), LONGEST_WAIT_SECONDS)
            self._told(
                "failed",
                f"pg_receivewal ended, again in {seconds:g} s: {said}",
                seconds=seconds,
            )
            self._wait(seconds)
            self._look_again()
        self._push(last=True)
        left = [path.name for path in self._waiting()]
        self._told(
            "stopped",
            f"stopped; {len(left)} finished segments wait in the spool"
            if left
            else "stopped; every finished segment is archived",
            waiting=len(left),
        )

    def _stream(self) -> str:
        """Let ``pg_receivewal`` run until it ends or a stop is asked for; what it said."""
        arguments = [
            f"--directory={self._folder}",
            f"--slot={self._wishes.slot}",
            "--no-loop",
            "--no-password",
            "--status-interval=5",
            f"--dbname={self._target.conninfo}",
        ]
        if self._wishes.synchronous:
            arguments.append("--synchronous")
        try:
            with (
                self._target.credentials() as environment,
                child(
                    self._program,
                    arguments,
                    {**environment, "PGAPPNAME": self._wishes.slot},
                ) as running,
            ):
                self._told(
                    "started",
                    f'receiving from "{self._target}" by the slot "{self._wishes.slot}"',
                    slot=self._wishes.slot,
                    spool=str(self._folder),
                )
                self._watch(running)
                said = running.said() if self._asked.is_set() else running.finish()
                return self._target.without_secrets(said)
        except QuerysafeError as error:
            return self._target.without_secrets(error.message)

    def _watch(self, running: Child) -> None:
        while not running.ended and not self._asked.wait(LOOKS_EVERY_SECONDS):
            self._push()
            self._report()
        running.interrupt(within_seconds=STOPS_WITHIN_SECONDS)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._asked.wait(LOOKS_EVERY_SECONDS):
            self._push()

    def _look_again(self) -> None:
        """Before another try: a slot that is lost or gone cannot be gone on with."""
        try:
            found = slots.look(self._target, self._wishes.slot)
        except QuerysafeError:
            return
        if not found.exists:
            raise BackupError(
                f'the slot "{self._wishes.slot}" was dropped on the server: its WAL may have a gap',
                hint="start again, which makes a new slot, and take a base backup",
            )
        if found.system_identifier != self._slot.system_identifier:
            raise BackupError(
                f"the server is now the cluster {found.system_identifier}, it was "
                f"{self._slot.system_identifier}"
            )
        _usable(found)

    def _waiting(self) -> list[Path]:
        return [path for path in spool.complete(self._folder) if path.name not in self._pushed]

    def _push(self, *, last: bool = False) -> None:
        """Archive what was finished; a failure is told, and tried again later."""
        if time.monotonic() < self._push_again_at and not last:
            return
        for path in self._waiting():
            try:
                place, was_there = archive.push(
                    self._repository,
                    path,
                    recipients=self._wishes.recipients,
                    system=self._slot.system_identifier,
                )
            except QuerysafeError as error:
                self._push_failures += 1
                seconds = min(2.0**self._push_failures, LONGEST_WAIT_SECONDS)
                self._push_again_at = time.monotonic() + seconds
                self._told(
                    "failed",
                    f'"{path.name}" is not archived, again in {seconds:g} s: {error.message}',
                    segment=path.name,
                    seconds=seconds,
                )
                return
            self._push_failures = 0
            self._pushed.add(path.name)
            if not was_there:
                self._told("archived", f"archived {path.name}", segment=path.name, object=place)
        spool.forget(
            self._folder,
            [path for path in spool.complete(self._folder) if path.name in self._pushed],
        )

    def _report(self) -> None:
        if time.monotonic() < self._report_at:
            return
        first, self._report_at = (
            not self._report_at,
            time.monotonic() + self._wishes.reports_every_seconds,
        )
        if first:
            return
        try:
            found = slots.look(self._target, self._wishes.slot)
        except QuerysafeError:
            return
        waiting = len(self._waiting())
        lag = found.lag_bytes
        self._told(
            "lag",
            f"{'unknown' if lag is None else f'{lag} bytes'} behind the server, "
            f"{waiting} finished segments not archived",
            lag_bytes=lag,
            waiting=waiting,
            server_lsn=found.server_lsn,
            received_lsn=found.restart_lsn,
        )

    def _told(self, kind: str, text: str, **facts: Any) -> None:
        self._tell(Event(kind=kind, text=text, facts=facts))


def _usable(found: slots.Slot) -> slots.Slot:
    if found.is_lost:
        raise BackupError(
            f'the slot "{found.name}" is lost: the server has deleted WAL that was not received',
            hint="drop it with --drop-slot, start again, and take a base backup at once; raise "
            "max_slot_wal_keep_size",
        )
    return found


def _has_begun(path: Path) -> bool:
    """Whether a segment holds anything yet; one that was only reserved is zeros."""
    with path.open("rb") as file:
        try:
            names.read_header(file.read(40))
        except ValueError:
            return False
    return True


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set, in the main thread; elsewhere nobody sets it."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def ask(number: int, frame: FrameType | None) -> None:
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
