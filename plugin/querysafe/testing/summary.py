"""What a whole run comes to: the results in order, held against the baseline, which it may write."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from querysafe import baseline as memory
from querysafe.baseline import Baseline
from querysafe.recording import RunResult, TestResult
from querysafe.settings import Settings
from querysafe.testing.collection import Collection
from querysafe.testing.marks import Allowance
from querysafe.testing.suppressions import Suppressions


@dataclass(slots=True, kw_only=True)
class Summary:
    """Collects what the tests of a run, or the workers of pytest-xdist, have to say."""

    settings: Settings
    directory: Path
    """Of the baseline."""
    accepted: Baseline
    collection: Collection
    suppressions: Suppressions = field(default_factory=Suppressions)
    results: dict[str, TestResult] = field(default_factory=dict)
    """The last result of each test: that of a rerun replaces the one before."""
    complaints: set[str] = field(default_factory=set)
    """Markers that cannot be understood, where that fails no test."""

    def run(self, recordings: str | None = None, *, write: bool = True) -> RunResult:
        """Sum up; with the option ``update``, the new baseline is written first.

        Raises :class:`BaselineError` when it cannot be.
        """
        tests = tuple(self.results[nodeid] for nodeid in sorted(self.results))
        notes = [*sorted(self.complaints), *self._suppressions(self.results), *_not_grown(tests)]
        seen = self.collection.seen(self.accepted)
        if self.settings.update and write:
            updated = memory.update(self.accepted, tests, seen)
            gone = memory.gone(self.accepted, seen)
            notes += [*gone, self._written(memory.write(self.directory, updated))]
            tests = tuple(memory.judge(updated, test) for test in tests)
            return self._result(tests, notes, recordings)
        stale = (
            *memory.gone(self.accepted, seen),
            *(line for test in tests for line in memory.stale(self.accepted, test)),
        )
        improved = tuple(
            line for test in tests for line in memory.improvements(self.accepted, test)
        )
        return self._result(tests, notes, recordings, stale, improved)

    def misses_baseline(self) -> bool:
        """Whether nobody ever wrote down what is accepted, though tests sent queries in CI."""
        return (
            os.environ.get("CI", "").lower() not in ("", "0", "false", "no")
            and any(test.queries for test in self.results.values())
            and not memory.exists(self.directory)
        )

    def _result(
        self,
        tests: tuple[TestResult, ...],
        notes: list[str],
        recordings: str | None,
        stale: tuple[str, ...] = (),
        improved: tuple[str, ...] = (),
    ) -> RunResult:
        return RunResult(
            tests=tests,
            mode=self.settings.mode,
            recordings=recordings,
            stale=stale,
            improved=improved,
            notes=tuple(notes),
        )

    def _suppressions(self, results: Mapping[str, TestResult]) -> tuple[str, ...]:
        everything = self.collection.is_everything
        return self.suppressions.lines(
            passed={test.nodeid for test in results.values() if test.outcome == "passed"},
            collected=self.collection.tests,
            settings=map(Allowance, self.settings.allow) if everything else (),
        )

    def _written(self, changed: tuple[Path, ...]) -> str:
        place = self.settings.baseline
        if not changed:
            return f"baseline {place}: nothing changed"
        return f"baseline {place}: {len(changed)} file{'s' if len(changed) > 1 else ''} changed"


def _not_grown(tests: tuple[TestResult, ...]) -> list[str]:
    """The tests that could not be run on more rows, by reason."""
    reasons: dict[str, list[str]] = {}
    for test in tests:
        if test.not_grown:
            reasons.setdefault(test.not_grown, []).append(test.nodeid)
    return [
        f"not grown: {nodeids[0]}{f' and {len(nodeids) - 1} more' if len(nodeids) > 1 else ''}: "
        f"{reason}"
        for reason, nodeids in sorted(reasons.items())
    ]
