"""A client program whose output or input is a stream, and which does not outlive us."""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO

from querysafe.errors import ServerError
from querysafe.postgres.programs import Program

_TAIL = 2000
_PR_SET_PDEATHSIG = 1
_WATCH = 'read -r group; read -r _; kill -s KILL -- "-$group"'
"""The second line never comes: what ends it is the end of whoever could have written it."""


class Child:
    """A running program. Its standard error is kept for the message of a failure."""

    def __init__(
        self, program: Program, process: "subprocess.Popen[bytes]", said: IO[bytes]
    ) -> None:
        self._program = program
        self._process = process
        self._said = said

    @property
    def output(self) -> IO[bytes]:
        """What it writes."""
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def input(self) -> IO[bytes]:
        """What it reads."""
        assert self._process.stdin is not None
        return self._process.stdin

    def finish(self, *, timeout_seconds: float | None = None) -> str:
        """Wait for its end and return what it said on standard error.

        Raises :class:`ServerError` with that when its status is not 0, or it takes longer.
        """
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            status = self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            raise ServerError(f'"{self._program.name}" did not end') from None
        said = self.said()
        if status:
            how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
            raise ServerError(f'"{self._program.name}" {how}: {said}')
        return said

    def said(self) -> str:
        """The end of what it has said on standard error so far."""
        # The program writes at the position of the same open file, which must not be moved.
        descriptor = self._said.fileno()
        start = max(0, os.fstat(descriptor).st_size - _TAIL)
        return os.pread(descriptor, _TAIL, start).decode(errors="replace").strip()

    def interrupt(self, *, within_seconds: float) -> None:
        """Ask it to end as ^C does, which some programs take for a wish to end well, and wait."""
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(self._process.pid, signal.SIGINT)
            self._process.wait(within_seconds)

    @property
    def ended(self) -> bool:
        """Whether it has ended, well or not."""
        return self._process.poll() is not None


@contextmanager
def child(
    program: Program,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    reads: bool = False,
    writes: bool = False,
) -> Iterator[Child]:
    """Run a program with ``input`` (``reads``) or ``output`` (``writes``) as pipes.

    ``environment`` is all that it gets. Left with an error, the program and what it
    started are ended; they also are when this process is killed.
    """
    with tempfile.TemporaryFile() as said, _watch() as watched:
        try:
            process = subprocess.Popen(
                [str(program.path), *map(_raw, arguments)],
                stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
                stdout=subprocess.PIPE if writes else subprocess.DEVNULL,
                stderr=said,
                env={_raw(name): _raw(value) for name, value in environment.items()},
                cwd=os.sep,
                start_new_session=True,
                preexec_fn=dies_with_parent(),
            )
        except OSError as error:
            raise ServerError(f'"{program.path}" cannot be run: {error.strerror}') from None
        try:
            watched(process.pid)
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    _widen(stream)
            yield Child(program, process, said)
        finally:
            _end(process)


def _raw(text: str) -> bytes:
    """Text as PostgreSQL reads it, also where the locale of this process is ASCII."""
    return text.encode("utf-8", "surrogateescape")


@contextmanager
def _watch() -> Iterator[Callable[[int], object]]:
    """Tell what this yields a process group, and it ends with this process, however that ends.

    The kernel ends the program alone (``prctl(2)``), and not what a wrapper of it has started.
    A shell waits for the end of a pipe, which nobody but this process holds open.
    """
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb", buffering=0) as pipe:
        try:
            watcher = subprocess.Popen(
                ["/bin/sh", "-c", _WATCH, "querysafe"],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                cwd=os.sep,
                start_new_session=True,
            )
        finally:
            os.close(reading)
        try:
            yield lambda group: pipe.write(b"%d\n" % group)
        finally:
            watcher.kill()
            watcher.wait()


def _widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold a MiB, where Linux allows it: fewer waits of each side for the other."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 2**20)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None and not stream.closed:
            with suppress(BrokenPipeError):
                stream.close()
    for name, seconds in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        if process.poll() is not None:
            break
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, name)
            process.wait(seconds)
    # A wrapper may have ended without what it has started.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def dies_with_parent(how: int = signal.SIGKILL) -> Callable[[], None] | None:
    """What a child does before it becomes the program, to get a signal when we are killed
    (``prctl(2)``, Linux only).
    """
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask() -> None:
        library.prctl(_PR_SET_PDEATHSIG, how)
        if os.getppid() != parent:
            os.kill(os.getpid(), how)

    return ask
