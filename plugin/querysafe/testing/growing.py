"""Running a test again on more rows, without anybody noticing."""

import gc
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from querysafe.recording import Recording
from querysafe.testing.listening import Listener

if TYPE_CHECKING:
    from querysafe.growth.amplifier import Amplifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What the second run sent."""

    recording: Recording | None
    ignored: Mapping[int, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    """Why the test could not be grown, or not wholly."""


class Grower:
    """Tears a test's fixtures down, sets them up anew, and calls it on cloned rows."""

    def __init__(self, listener: Listener, copies: int) -> None:
        self._listener = listener
        self._copies = copies
        self._amplifier: Amplifier | None = None
        self.is_growing = False
        self.pending: BaseException | None = None
        """What the fixtures of the first run raised: it is raised when its time comes."""

    def begin(self) -> None:
        """A test begins; the engines that it makes are heard from now on."""
        self.pending = None
        if self._amplifier is None and "sqlalchemy" in sys.modules:
            from querysafe.growth.amplifier import Amplifier

            self._amplifier = Amplifier(self._copies)
        if self._amplifier is not None:
            self._amplifier.begin()

    def leave(self) -> None:
        """The run is over."""
        if self._amplifier is not None:
            self._amplifier.leave()
            self._amplifier = None

    def grow(self, item: pytest.Item, until: Any) -> Grown:
        """Run a test that has passed once more. Whatever that raises is swallowed."""
        recorder = self._listener.recorder
        if self._amplifier is None or recorder is None or not isinstance(item, pytest.Function):
            return Grown(recording=None, problems=("it is no test function",))
        amplifier, state = self._amplifier, item.session._setupstate
        assert item.parent is not None
        try:
            self._listener.enter("teardown")
            state.teardown_exact(item.parent)  # type: ignore[arg-type]
        except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:
            self.pending = error
            return Grown(recording=None, problems=("its fixtures could not be torn down",))
        self._listener.close()
        self.is_growing = True
        try:
            with _unnoticed(), amplifier.growing(recorder):
                self._listener.open(until)
                self._listener.enter("setup")
                with _swallowed():
                    item._initrequest()
                    item.ihook.pytest_runtest_setup(item=item)
                    item.ihook.pytest_runtest_call(item=item)
                recording = self._listener.recording(item.nodeid, every=False)
                ignored = self._listener.ignored() if recording is not None else {}
                self._listener.enter("teardown")
                with _swallowed():
                    state.teardown_exact(item.parent)  # type: ignore[arg-type]
                rows, problems = amplifier.rows, sorted(amplifier.problems)
        finally:
            self.is_growing = False
            self._listener.close()
        if not rows and not problems:
            problems = ["no row could be cloned"]
        return Grown(recording=recording, ignored=ignored, problems=tuple(problems))


@contextmanager
def _swallowed() -> Iterator[None]:
    """The second run fails where it likes: its rows are not those that it was written for."""
    try:
        yield
    except (Exception, pytest.fail.Exception, pytest.skip.Exception, pytest.xfail.Exception):
        return


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
