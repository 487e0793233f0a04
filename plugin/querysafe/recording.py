"""``Recording``: the ordered queries of one scope, and what a test run made of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from querysafe.finding import Finding
from querysafe.query import CallSite, CapturedQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class EagerLoad:
    """One relationship that a query loaded ahead, and whether anybody read it."""

    path: tuple[str, ...]
    strategy: str
    """``joined``, ``selectin`` or ``subquery``."""
    call_site: CallSite | None
    query_index: int
    objects: int
    """How many objects that have the relationship were loaded since."""
    read: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedCollections:
    """Collections that one statement joins side by side, multiplying each other's rows."""

    query_index: int
    call_site: CallSite | None
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The ordered captured queries of one scope: a test, a request or a task."""

    name: str
    queries: tuple[CapturedQuery, ...] = ()
    eager_loads: tuple[EagerLoad, ...] = ()
    joined_collections: tuple[JoinedCollections, ...] = ()

    def __iter__(self) -> Iterator[CapturedQuery]:
        return iter(self.queries)

    def __len__(self) -> int:
        return len(self.queries)

    @property
    def database_seconds(self) -> float:
        """Time spent waiting for the database, summed over the queries."""
        return sum(query.duration_seconds for query in self.queries)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """What one test did to the database. This, not the recording, is kept for the whole run."""

    __test__ = False

    nodeid: str
    queries: int
    database_seconds: float
    outcome: str
    """``passed``, ``failed`` or ``skipped``, as pytest judged it before querysafe."""
    findings: tuple[Finding, ...] = ()
    not_grown: str = ""
    """Why the test was not run again on more rows although that was asked for."""
    shapes: Mapping[str, int] = field(default_factory=dict)
    """Fingerprint to count, for the statements that ran more than once."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Fingerprint to one statement of that shape, shortened: for people, never for identity."""
    plans: Mapping[str, str] = field(default_factory=dict)
    """Fingerprint to the shape of its plan, as ``--querysafe-plans`` records it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A whole run: what every report is made from. ``tests`` are sorted by node id."""

    tests: tuple[TestResult, ...]
    mode: str = "report"
    recordings: str | None = None
    """Directory of NDJSON recordings, one file a test, when they were kept."""
    stale: tuple[str, ...] = ()
    """Baseline entries that nothing matches any more, as lines to show."""
    improved: tuple[str, ...] = ()
    """Baseline entries that can be tightened, as lines to show."""
    notes: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, in the order of the tests."""
        return tuple(finding for test in self.tests for finding in test.findings)
