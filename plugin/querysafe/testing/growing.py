"""Running a test again on more rows, without anybody noticing."""

import gc
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import ref

import pytest

from querysafe.recording import Recording
from querysafe.testing.lenient import lenient
from querysafe.testing.listening import WIDER, Listener
from querysafe.testing.overtime import Watch
from querysafe.testing.timeouts import Timeouts

if TYPE_CHECKING:
    from querysafe.capture.raw import Recorder
    from querysafe.growth.amplifier import Amplifier

LEAST_STATEMENTS, MORE_STATEMENTS = 2000, 50
"""So many statements a grown run may send, and as many more for each of the first run."""
LONGEST_SECONDS, LEAST_SECONDS, TIMES = 20.0, 2.0, 5
"""So long a grown run may take, and so many times as long as the first one besides. Each run that
takes longer halves the first of these for those that follow, down to the second: a suite of
tests that wait for what never comes ends all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run on more rows sent."""

    recording: Recording
    ignored: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What a test did on more rows than its own."""

    runs: tuple[Run, ...] = ()
    problem: str = ""
    """Why the test could not be grown."""


class Grower:
    """Tears a test's fixtures down, sets them up anew, and calls it on cloned rows."""

    def __init__(self, listener: Listener, copies: int) -> None:
        self._listener = listener
        self._copies = copies
        self._amplifier: Amplifier | None = None
        self._began = 0.0
        self._seconds = LONGEST_SECONDS
        self.timeouts = Timeouts()
        self.is_growing = False
        self.pending: BaseException | None = None
        """What the fixtures of the first run raised: it is raised when its time comes."""

    def begin(self) -> None:
        """A test begins; the engines that it makes are heard from now on."""
        self.pending = None
        self._began = monotonic()
        if self._amplifier is None and "sqlalchemy" in sys.modules:
            from querysafe.growth.amplifier import Amplifier

            self._amplifier = Amplifier(self._copies, lambda: self._listener.phase == WIDER)
        if self._amplifier is not None:
            self._amplifier.begin()

    def leave(self) -> None:
        """The run is over."""
        if self._amplifier is not None:
            self._amplifier.leave()
            self._amplifier = None

    def grow(self, item: pytest.Item, function: Any, sent: int) -> Grown:
        """Run a test that has passed once more. Whatever that raises is swallowed.

        ``sent`` is how many queries the first run sent. Rows that stand where the test has
        none may be more than its application can read: if it fails, it runs without them.
        """
        recorder = self._listener.recorder
        if self._amplifier is None or recorder is None or not isinstance(item, pytest.Function):
            return Grown(problem="it is no test function")
        with self.timeouts.paused(item):
            return self._grow(item, function, recorder, sent)

    def _grow(self, item: pytest.Function, function: Any, recorder: "Recorder", sent: int) -> Grown:
        lasted = monotonic() - self._began
        own = _let_go(item)
        try:
            problem = self._end(item)
            if problem:
                return Grown(problem=problem)
            self.is_growing = True
            runs: list[Run] = []
            for fills in (True, False):
                run, problem, broke = self._run(
                    item, function, recorder, sent, lasted=lasted, fills=fills
                )
                runs += [run] if run is not None else []
                if not broke:
                    break
            return Grown(runs=tuple(runs), problem="" if runs else problem)
        finally:
            self.is_growing = False
            self._listener.close()
            item.funcargs = _taken_back(own)

    def _end(self, item: pytest.Item) -> str:
        """Tear the fixtures of the first run down."""
        try:
            self._listener.enter("teardown")
            _tear_down(item)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.pending = error
            return "its fixtures could not be torn down"
        self._listener.close()
        return ""

    def _run(
        self,
        item: pytest.Function,
        function: Any,
        recorder: "Recorder",
        sent: int,
        *,
        lasted: float,
        fills: bool,
    ) -> tuple[Run | None, str, bool]:
        """Run once: what it sent, why it could not be grown, and whether filling broke it."""
        from querysafe.growth.tolerance import first_of_many

        assert self._amplifier is not None
        amplifier, listener = self._amplifier, self._listener
        most, seconds = LEAST_STATEMENTS + MORE_STATEMENTS * sent, self._seconds + TIMES * lasted
        growing = amplifier.growing(recorder, most=most, seconds=seconds, fills=fills)
        watches = tuple(Watch(seconds, amplifier.relieve) for _ in ("call", "teardown"))
        with _unnoticed(), growing as refusal:
            if refusal:
                return None, refusal, False
            with lenient(function) as code, first_of_many(), _swallowed() as stops:
                listener.open(code)
                listener.enter("setup")
                with watches[0].over(code):
                    item._initrequest()
                    item.ihook.pytest_runtest_setup(item=item)
                    item.ihook.pytest_runtest_call(item=item)
            recording = listener.recording(item.nodeid, every=False)
            ignored = listener.ignored() if recording is not None else {}
            listener.enter("teardown")
            with _swallowed(), watches[1].over():
                _tear_down(item)
            listener.close()
        if any(watch.struck for watch in watches):
            self._seconds = max(self._seconds / 2, LEAST_SECONDS)
            return None, f"it did not end within {seconds:.0f} seconds", False
        broke = bool(stops and amplifier.filled)
        if recording is None or not amplifier.rows:
            stopped = f"it stopped at {stops[0]}" if stops else "no row could be cloned"
            return None, "; ".join(sorted(amplifier.problems)) or stopped, broke
        return Run(recording=recording, ignored=ignored), "", broke


def _tear_down(item: pytest.Item) -> None:
    assert item.parent is not None
    item.session._setupstate.teardown_exact(item.parent)  # type: ignore[arg-type]


def _let_go(item: pytest.Function) -> dict[str, Callable[[], Any]]:
    """Hold what a test was handed by weak references: its sessions end with its fixtures."""
    held: dict[str, Callable[[], Any]] = {}
    for name, value in item.funcargs.items():
        try:
            held[name] = ref(value)
        except TypeError:
            held[name] = partial(_itself, value)
    item.funcargs = {}
    return held


def _itself(value: Any) -> Any:
    return value


def _taken_back(held: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """What is still there of that, for the plugins that look at it afterwards."""
    values = {name: get() for name, get in held.items()}
    return {
        name: value
        for name, value in values.items()
        if value is not None or isinstance(held[name], partial)
    }


@contextmanager
def _swallowed() -> Iterator[list[str]]:
    """The second run fails where it likes: its rows are not those that it was written for.

    Yields a list that names an error which is no mere assertion.
    """
    stops: list[str] = []
    try:
        yield stops
    except (AssertionError, pytest.fail.Exception, pytest.skip.Exception, pytest.xfail.Exception):
        return
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an application that exits ends its own run, not all of them
        stops.append(type(error).__name__)


@contextmanager
def _unnoticed() -> Iterator[None]:
    """No warning of the second run, nor of what it left behind, is anybody's."""
    hook = sys.unraisablehook
    sys.unraisablehook = lambda _unraisable: None
    try:
        with warnings.catch_warnings(record=True):
            yield
            gc.collect()
    finally:
        sys.unraisablehook = hook
