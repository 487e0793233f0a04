"""Listens to one test after the other; idle for as long as nobody imports SQLAlchemy."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from querysafe.capture.windows import stretches
from querysafe.recording import Recording
from querysafe.settings import Settings
from querysafe.testing.arrival import Arrival

if TYPE_CHECKING:
    from types import CodeType

    from querysafe.capture.raw import Recorder
    from querysafe.capture.recorder import Glance, Interpreter

WIDER = "wider"
"""The phase of what fixtures of a class, module or session do: it belongs to no test."""


class Listener:
    """The recorder of the process, as far as the guard needs it."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self._root = root
        self._settings = settings
        self._arrival = Arrival("sqlalchemy", self._start)
        self._recorder: Recorder | None = None
        self._interpreter: Interpreter | None = None
        self._look_again: Callable[[], None] = _nothing
        self._take_over: Callable[[], object] = _nothing
        self._is_open = False
        self._until: CodeType | None = None
        self.phase = ""
        self._arrival.wait()

    @property
    def recorder(self) -> "Recorder | None":
        """The recorder, once there is one."""
        return self._recorder

    @property
    def hears(self) -> bool:
        """Whether a statement could be heard: SQLAlchemy is there and a test is under way."""
        return self._recorder is not None and self._is_open

    @property
    def problem(self) -> str:
        """Why a statement could not be recorded; "" when all were."""
        return "" if self._recorder is None else self._recorder.problem

    def open(self, until: "CodeType | None") -> None:
        """Begin a test; ``until`` is its own function."""
        self._is_open = True
        self._until = until
        self.phase = ""
        stretches.clear()
        stretches.noted = True
        if "sqlalchemy" in sys.modules:
            self._start()

    def enter(self, phase: str) -> None:
        """What is heard from now on belongs to a phase of the test."""
        self.phase = phase
        if self._recorder is not None:
            self._recorder.phase = phase
            if phase == "call":
                self._look_again()
                self._recorder.stragglers.begin()
            elif phase == "teardown":
                self._recorder.stragglers.end()

    def recording(self, name: str, *, every: bool) -> Recording | None:
        """What the test sent, and its set-up; ``None`` when it sent nothing."""
        if self._recorder is None or self._interpreter is None:
            return None
        if not self._recorder.heard(WIDER):
            return None
        return self._interpreter.recording(name, every=every, without=WIDER)

    def glance(self) -> "Glance | None":
        """What a test did of which nothing needs to be interpreted; ``None`` for any other."""
        return None if self._interpreter is None else self._interpreter.glance()

    def ignored(self) -> Mapping[int, str]:
        """Position in the recording to reason, for what was sent within ``ignore``."""
        from querysafe.capture.watch import ignored

        assert self._recorder is not None
        return ignored(self._recorder.heard(WIDER))

    def close(self) -> None:
        """End a test and forget what it sent."""
        self._is_open = False
        stretches.noted = False
        stretches.clear()
        if self._recorder is not None:
            self._recorder.forget()

    def leave(self) -> None:
        """Wait for SQLAlchemy no longer: the run is over."""
        self._arrival.leave()

    def _start(self) -> None:
        """Record from now on: at the beginning of a test, or when SQLAlchemy arrives in one."""
        if not self._is_open:
            return
        if self._recorder is None:
            from querysafe.capture.recorder import Interpreter
            from querysafe.capture.requests import look_again
            from querysafe.capture.watch import recorder, take_over

            self._look_again, self._take_over = look_again, take_over
            self._recorder = recorder(
                self._root,
                own=self._settings.root_packages,
                foreign=self._settings.library_paths,
            )
            self._interpreter = Interpreter(self._recorder)
        self._take_over()
        self._recorder.until = self._until
        self._recorder.phase = self.phase


def _nothing() -> None:
    """Stands for what needs SQLAlchemy until it is there."""
