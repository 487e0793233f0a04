"""What tests call: capture queries, assert how many there are, accept what is meant.

These names are also attributes of the package, and methods of the fixture ``querysafe``.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

from querysafe.capture.windows import Window, innermost
from querysafe.errors import QuerysafeError
from querysafe.finding import Finding
from querysafe.query import CapturedQuery
from querysafe.testing.blocks import Block

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
        """What the rules say of these queries alone, in whichever phase of a test they ran."""
        from querysafe.analysis.registry import findings
        from querysafe.analysis.subject import Subject
        from querysafe.recording import Recording

        calls = tuple(
            replace(query, context=replace(query.context, phase="")) for query in self.queries
        )
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


class capture(Block[Captured]):
    """Capture the queries of a block: ``with capture() as captured:``.

    They are those of this thread or task and of the threads and tasks that it starts
    meanwhile; every SQLAlchemy engine of the process counts. Works outside of pytest, too.
    """

    def __init__(self) -> None:
        super().__init__()
        self._opened: list[tuple[AbstractContextManager[Window], Captured]] = []

    def _again(self) -> Self:
        return type(self)()

    def __enter__(self) -> Captured:
        from querysafe.capture.watch import window

        manager = window()
        captured = Captured(manager.__enter__())
        self._opened.append((manager, captured))
        return captured

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        known = [captured._window for _, captured in self._opened]
        manager, captured = self._opened.pop(known.index(innermost(known)))
        try:
            captured.keep()
        finally:
            manager.__exit__(kind, error, traceback)
        if kind is None:
            self._judge(captured)

    def _judge(self, captured: Captured) -> None:
        """Say what is wrong with a block that ended well."""


class _Limited(capture):
    def __init__(self, number: int) -> None:
        super().__init__()
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise QuerysafeError(
                f"{type(self).__name__} got {number!r}",
                hint=f"write how many queries: {type(self).__name__}(3)",
            )
        self._number = number

    def _again(self) -> Self:
        return type(self)(self._number)


class assert_max_queries(_Limited):
    """Raise :class:`AssertionError` when a block sends more than so many round trips."""

    def _judge(self, captured: Captured) -> None:
        if len(captured) > self._number:
            told = f"{_plural(len(captured))}, at most {self._number} allowed"
            raise AssertionError(_told(captured, told))


class assert_num_queries(_Limited):
    """Raise :class:`AssertionError` unless a block sends exactly so many round trips."""

    def _judge(self, captured: Captured) -> None:
        if len(captured) != self._number:
            raise AssertionError(
                _told(captured, f"{_plural(len(captured))}, {self._number} expected")
            )


def assert_constant(
    populate: Callable[[int], Any],
    run: Callable[[], T],
    *,
    scales: Sequence[int] = (2, 3),
    warm_up: Callable[[], Any] | None = None,
) -> Any:
    """Raise :class:`AssertionError` when the queries of ``run`` follow the number of rows.

    ``populate(n)`` makes ``n`` rows, beside those of before or instead of them; then
    ``run()`` is captured, once for each scale. ``warm_up()`` is called once before the first
    capture, where caches would make the first run longer and hide what grows. When any of
    them returns an awaitable, so does this function.
    """
    from querysafe.growth import constant

    return constant.assert_constant(populate, run, scales=scales, warm_up=warm_up, capture=capture)


class ignore(Block[None]):
    """Accept what a block or function does, in writing: ``with ignore(reason="…")``.

    Findings whose queries were all sent within are shown as suppressed. Outside of
    tests it does nothing, so it may stay in the application's code. It decorates functions,
    coroutine functions and generators alike.
    """

    follows_steps = True

    def __init__(self, *, reason: str) -> None:
        super().__init__()
        if not isinstance(reason, str) or not reason.strip():
            raise QuerysafeError(
                "ignore() got an empty reason", hint='write why: ignore(reason="two rows at most")'
            )
        self._reason = reason
        self._opened: list[Window] = []

    def _again(self) -> Self:
        return type(self)(reason=self._reason)

    def __enter__(self) -> None:
        window = Window(self._reason)
        self._opened.append(window)
        window.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        window = innermost(self._opened)
        self._opened.remove(window)
        window.close()


class QuerySafe:
    """What the fixture ``querysafe`` gives: the functions of this module."""

    capture = capture
    assert_max_queries = assert_max_queries
    assert_num_queries = assert_num_queries
    assert_constant = staticmethod(assert_constant)
    ignore = ignore


def _plural(number: int) -> str:
    """``1 query``, ``2 queries``."""
    return "1 query" if number == 1 else f"{number} queries"


def _told(captured: Captured, headline: str) -> str:
    shown = [
        f"  {number}. {query.call_site or 'no line of yours'}: {' '.join(query.statement.split())}"
        for number, query in enumerate(captured.queries[:30], 1)
    ]
    if len(captured) > len(shown):
        shown.append(f"  … and {len(captured) - len(shown)} more")
    return "\n".join([headline, *shown])
