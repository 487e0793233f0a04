"""What tests call: capture queries, assert how many there are, accept what is meant.

These names are also attributes of the package, and methods of the fixture ``querysafe``.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ContextDecorator, contextmanager
from contextvars import Token
from types import TracebackType
from typing import Any, TypeVar

from querysafe.capture.windows import Window, windows
from querysafe.errors import QuerysafeError
from querysafe.finding import Finding
from querysafe.query import CapturedQuery

T = TypeVar("T")


class Captured(Sequence[CapturedQuery]):
    """The queries of a ``with capture()`` block, while it is open and afterwards."""

    def __init__(self, opened: Window) -> None:
        self._window = opened
        self._kept: tuple[CapturedQuery, ...] | None = None

    @property
    def queries(self) -> tuple[CapturedQuery, ...]:
        """The queries so far, in the order in which they began."""
        if self._kept is not None:
            return self._kept
        from querysafe.capture.recorder import Interpreter
        from querysafe.capture.watch import recorder, within

        of_process = recorder()
        raws = within(of_process.raws, self._window)
        return Interpreter(of_process).queries("", raws, every=True)

    @property
    def statements(self) -> tuple[str, ...]:
        """Their texts, as sent."""
        return tuple(query.statement for query in self.queries)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the rules say of these queries alone."""
        from querysafe.analysis.registry import findings
        from querysafe.analysis.subject import Subject
        from querysafe.recording import Recording

        calls = tuple(self.queries)
        return findings(Subject(recording=Recording(name="capture", queries=calls)))

    def keep(self) -> None:
        """Interpret what was captured now: the recorder forgets it with the test."""
        self._kept = self.queries

    def __len__(self) -> int:
        return len(self.queries)

    def __getitem__(self, index: Any) -> Any:
        return self.queries[index]

    def __iter__(self) -> Iterator[CapturedQuery]:
        return iter(self.queries)

    def __repr__(self) -> str:
        return f"<{len(self)} captured queries>"


@contextmanager
def capture() -> Iterator[Captured]:
    """Capture the queries of a block.

    They are those of this thread or task and of the threads and tasks that it starts
    meanwhile; every SQLAlchemy engine of the process counts. Works outside of pytest, too.
    """
    from querysafe.capture.watch import window

    with window() as opened:
        captured = Captured(opened)
        try:
            yield captured
        finally:
            captured.keep()


@contextmanager
def assert_max_queries(limit: int) -> Iterator[Captured]:
    """Raise :class:`AssertionError` when a block sends more than ``limit`` round trips."""
    with capture() as captured:
        yield captured
    if len(captured) > limit:
        raise AssertionError(_told(captured, f"{len(captured)} queries, at most {limit} allowed"))


@contextmanager
def assert_num_queries(number: int) -> Iterator[Captured]:
    """Raise :class:`AssertionError` unless a block sends exactly ``number`` round trips."""
    with capture() as captured:
        yield captured
    if len(captured) != number:
        raise AssertionError(_told(captured, f"{len(captured)} queries, {number} expected"))


def assert_constant(
    populate: Callable[[int], Any],
    run: Callable[[], T],
    *,
    scales: Sequence[int] = (2, 3),
) -> Any:
    """Raise :class:`AssertionError` when the queries of ``run`` follow the number of rows.

    ``populate(n)`` makes ``n`` rows, then ``run()`` is captured, once for each scale.
    When either returns an awaitable, so does this function.
    """
    from querysafe.growth import constant

    return constant.assert_constant(populate, run, scales=scales, capture=capture)


class ignore(ContextDecorator):
    """Accept what a block or function does, in writing: ``with ignore(reason="…")``.

    Findings whose queries were all sent within are shown as suppressed. Outside of
    tests it does nothing, so it may stay in the application's code.
    """

    def __init__(self, *, reason: str) -> None:
        if not reason.strip():
            raise QuerysafeError(
                "ignore() got an empty reason", hint='write why: ignore(reason="two rows at most")'
            )
        self._window = Window(reason)
        self._tokens: list[Token[tuple[Window, ...] | None]] = []

    def _recreate_cm(self) -> "ignore":
        return ignore(reason=self._window.reason)

    def __enter__(self) -> None:
        self._tokens.append(windows.set((*(windows.get() or ()), self._window)))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        windows.reset(self._tokens.pop())


class QuerySafe:
    """What the fixture ``querysafe`` gives: the functions of this module."""

    capture = staticmethod(capture)
    assert_max_queries = staticmethod(assert_max_queries)
    assert_num_queries = staticmethod(assert_num_queries)
    assert_constant = staticmethod(assert_constant)
    ignore = ignore


def _told(captured: Captured, headline: str) -> str:
    shown = [
        f"  {number}. {query.call_site or 'no line of yours'}: {' '.join(query.statement.split())}"
        for number, query in enumerate(captured.queries[:30], 1)
    ]
    if len(captured) > len(shown):
        shown.append(f"  … and {len(captured) - len(shown)} more")
    return "\n".join([headline, *shown])
