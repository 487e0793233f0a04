"""What is judged: one test's recording, with what is known of the test itself."""

import ast
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from querysafe.analysis.arranging import Place, is_setup, makers
from querysafe.analysis.loops import Loop, loops_of, recursion_of, unseen_loop
from querysafe.analysis.sources import (
    Function,
    asserts,
    assignments,
    names_in,
    nodes_in,
    source,
    statement_of,
)
from querysafe.query import CallSite, CapturedQuery, Frame, Kind
from querysafe.recording import Recording

READS = (Kind.SELECT,)
WRITES = (Kind.INSERT, Kind.UPDATE, Kind.DELETE)
_CATALOG = "FROM pg_catalog."
_TASKS = ("celery.", "dramatiq.", "rq.", "huey.")
_FAN_OUT = ("gather", "create_task", "submit", "map", "start_soon", "to_thread", "Thread", "wait")


def is_of_catalog(query: CapturedQuery) -> bool:
    """Whether it asks PostgreSQL's catalog, as ``create_all`` and reflection do, once a table."""
    return _CATALOG in query.statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The numbers that some rules compare with; ``None`` is "no limit"."""

    threshold: int = 2
    """So many repetitions make a finding."""
    slow_seconds: float = 0.5
    max_queries: int | None = None
    max_seconds: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """One test to judge."""

    recording: Recording
    nodeid: str = ""
    file: str = ""
    """Absolute path of the test's module."""
    first_line: int = 0
    """Line on which the test function begins, decorators included; 0 when it is not known."""
    passed: bool = True
    limits: Limits = Limits()

    _loops: dict[tuple[int, object], tuple[object, Loop | None]] = field(
        default_factory=dict, init=False
    )
    """By the stack, which is held so that no other gets its ``id()``."""
    _asserted: dict[int, tuple[object, bool]] = field(default_factory=dict, init=False)

    @cached_property
    def queries(self) -> tuple[CapturedQuery, ...]:
        """The queries of the call phase that the code under test sent, fixtures' code apart."""
        return tuple(
            query
            for query in self.recording
            if query.context.phase in ("call", "")
            and (query.context.request or not self._is_arranging(query))
            and not is_of_catalog(query)
        )

    def _is_arranging(self, query: CapturedQuery) -> bool:
        return is_setup(query.stack, self.file) or bool(
            self._makers and self._makers & makers(query.stack, self.file)
        )

    @cached_property
    def _makers(self) -> frozenset[Place]:
        """The functions of the tests that make rows, by their names and by what they sent."""
        return frozenset(
            place
            for query in self.recording
            if query.kind is Kind.INSERT
            for place in makers(query.stack, self.file)
        )

    @cached_property
    def repeats(self) -> bool:
        """Whether any shape was sent as often as makes a finding: most tests are done with that."""
        counts: dict[str, int] = defaultdict(int)
        for query in self.queries:
            counts[query.fingerprint] += query.calls
        return max(counts.values(), default=0) >= self.limits.threshold

    @cached_property
    def by_index(self) -> dict[int, CapturedQuery]:
        """Every query of the recording by its position."""
        return {query.index: query for query in self.recording}

    @cached_property
    def _test(self) -> Function | None:
        return source(self.file).function_at(self.first_line) if self.file else None

    def in_test(self, frame: Frame) -> bool:
        """Whether a frame is the test function's own code, functions within it included."""
        if frame.file != self.file:
            return False
        test = self._test
        return test is not None and self.first_line <= frame.first_line <= (test.end_lineno or 0)

    def is_direct(self, query: CapturedQuery) -> bool:
        """Whether the test function itself sent it, not the code that it calls."""
        return bool(query.stack) and self._is_test_itself(query.stack[0])

    def _is_test_itself(self, frame: Frame) -> bool:
        """Whether a frame is the test function, comprehensions included, nested ones not."""
        return self.in_test(frame) and (
            frame.first_line == self.first_line or frame.name.startswith("<")
        )

    def act_of(self, query: CapturedQuery) -> tuple[object, ...]:
        """What separates one thing that the test does from the next: its line, its request."""
        if query.context.request:
            return ("request", query.context.request)
        for frame in reversed(query.stack):
            if self.in_test(frame):
                return ("line", frame.first_line, frame.instruction)
        return ("task", query.context.task) if not query.stack else ("whole",)

    def is_asserted(self, query: CapturedQuery) -> bool:
        """Whether an ``assert`` of the test led to it."""
        known = self._asserted.get(id(query.stack))
        if known is None:
            asserted = any(
                asserts(statement_of(source(frame.file).chain(frame)))
                for frame in query.stack
                if self._is_test_itself(frame)
            )
            known = self._asserted[id(query.stack)] = (query.stack, asserted)
        return known[1]

    @staticmethod
    def is_of_unit_of_work(query: CapturedQuery) -> bool:
        """Whether SQLAlchemy asked in order to write: cascades of a delete, keys of a commit."""
        called = query.stack[0].library.rpartition(".")[2] if query.stack else ""
        return called in ("commit", "delete", "flush", "__exit__", "__aexit__")

    def loop_of(self, query: CapturedQuery) -> Loop | None:
        """The innermost loop around a query that is not the test's own row of acts."""
        key = (id(query.stack), None if query.stack else query.context.endpoint)
        known = self._loops.get(key)
        if known is None:
            known = self._loops[key] = (query.stack, self._loop_of(query))
        return known[1]

    def _loop_of(self, query: CapturedQuery) -> Loop | None:
        loops = loops_of(query)
        for loop in loops:
            if loop.frame.library.startswith(_TASKS):
                return None  # an eager task is a unit of work, as elsewhere in its worker
            if not self.is_act(loop, query):
                return loop
        if loops:
            return None
        recursion = recursion_of(query)
        if recursion is not None:
            return recursion
        return None if self._is_fanned_out_by_test(query) else unseen_loop(query)

    def is_act(self, loop: Loop, query: CapturedQuery) -> bool:
        """Whether a loop of the test calls the code under test once for each of its own values."""
        if not self.in_test(loop.frame):
            return False
        if loop.is_repeating:
            return True
        if query.stack and self.in_test(query.stack[0]):
            return False
        return loop.iterable is None or not self.comes_from_query(loop)

    def comes_from_query(self, loop: Loop) -> bool:
        """Whether the rows that a loop of the test runs over were read from the database."""
        test = self._test
        if test is None or loop.iterable is None or loop.node is None:
            return False
        inside = (loop.node.lineno, loop.node.end_lineno or loop.node.lineno)
        written = any(
            query.kind in WRITES and any(inside[0] <= line <= inside[1] for line in lines)
            for query, lines in self._test_lines
        )
        if written:
            return False
        return self._are_read(test, loop.iterable, loop.node.lineno)

    def _are_read(self, test: Function, values: ast.expr, line: int) -> bool:
        """Whether values of the test stem from lines that only read from the database."""
        if any(
            query.kind in READS
            and any(self.in_test(frame) and _within(frame, values) for frame in query.stack)
            for query, lines in self._test_lines
            if lines
        ):
            return True
        places: list[tuple[int, int]] = []
        names, done = names_in(values), set[str]()
        while names:
            name = names.pop()
            done.add(name)
            for assignment in assignments(test, name, line)[-1:]:
                places.append((assignment.lineno, assignment.end_lineno or assignment.lineno))
                assert assignment.value is not None
                names |= names_in(assignment.value) - done
        kinds = [
            {
                query.kind
                for query, at in self._test_lines
                if any(low <= each <= high for each in at)
            }
            for low, high in places
        ]
        return any(Kind.SELECT in sent and not sent & set(WRITES) for sent in kinds)

    @cached_property
    def _test_lines(self) -> list[tuple[CapturedQuery, list[int]]]:
        return [
            (query, [frame.site.line for frame in query.stack if self.in_test(frame)])
            for query in self.queries
        ]

    def _is_fanned_out_by_test(self, query: CapturedQuery) -> bool:
        """Whether the test itself starts the tasks or threads that a query runs in, as its acts."""
        test = self._test
        if test is None or not query.stack or any(map(self._is_test_itself, query.stack)):
            return False
        outermost = query.stack[-1]
        started = calls_that_fan_out(test, outermost)
        if not started or (self.in_test(outermost) and len(started) < 2):
            return False
        return not any(
            self._are_read(test, argument, call.lineno)
            for call in started
            for argument in call.args
        )


def calls_that_fan_out(function: ast.AST, outermost: Frame) -> list[ast.Call]:
    """The calls of a function that begin tasks or threads whose outermost frame is this one."""
    return [
        node
        for node in nodes_in(function)
        if isinstance(node, ast.Call)
        and _name_of(node.func) in _FAN_OUT
        and any(
            outermost.name == _name_of(each)
            or (isinstance(each, ast.Lambda) and each.lineno == outermost.first_line)
            for argument in node.args
            for each in nodes_in(argument)
            if isinstance(each, ast.expr)
        )
    ]


def _within(frame: Frame, node: ast.expr) -> bool:
    """Whether a frame was executing a part of an expression."""
    span = frame.span
    return (
        span is not None
        and (node.lineno, node.col_offset) <= (span.line, span.column)
        and (span.end_line, span.end_column) <= (node.end_lineno or 0, node.end_col_offset or 0)
    )


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def sites_of(queries: Iterable[CapturedQuery]) -> tuple[CallSite, ...]:
    """Their lines, most frequent first; the request's endpoint where no line is the user's."""
    counts: dict[CallSite, int] = {}
    for query in queries:
        site = query.call_site or query.context.endpoint
        if site is not None:
            counts[site] = counts.get(site, 0) + query.calls
    return tuple(sorted(counts, key=lambda site: -counts[site]))


def calls_of(queries: Iterable[CapturedQuery]) -> int:
    """How many round trips some queries stand for."""
    return sum([query.calls for query in queries])
