"""A new baseline from the old one and what a run, perhaps a partial one, has seen."""

from collections.abc import Iterable
from dataclasses import dataclass

from querysafe.baseline.model import Accepted, Baseline, accept, merged, module_of
from querysafe.recording import TestResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Which tests a run knew of; what it did not know of, it says nothing about."""

    tests: frozenset[str] = frozenset()
    """Node ids of all collected tests, those deselected afterwards too."""
    modules: frozenset[str] = frozenset()
    """Modules that were collected from their first test to their last, or are gone."""

    def is_gone(self, nodeid: str) -> bool:
        """Whether a test no longer exists, as far as this run can tell."""
        return module_of(nodeid) in self.modules and nodeid not in self.tests


def union(parts: Iterable[Seen]) -> Seen:
    """Join what several workers saw, in whatever order."""
    known = tuple(parts)
    return Seen(
        tests=frozenset().union(*(part.tests for part in known)),
        modules=frozenset().union(*(part.modules for part in known)),
    )


def update(old: Baseline, results: Iterable[TestResult], seen: Seen) -> Baseline:
    """Accept what the tests did that ran and passed; keep the entries of all others.

    Entries of tests that no longer exist are dropped (:func:`gone` names them). A test
    that failed or was skipped stopped early, so its old entry stays. Several results of
    one test count as the larger of each.
    """
    passed = [result for result in results if result.outcome == "passed"]
    new = accept(passed)
    replaced = {result.nodeid for result in passed}
    dropped = {nodeid for nodeid in old.tests if seen.is_gone(nodeid)}
    kept = old.without(replaced | dropped)
    return merged((kept, _with_old_texts(new, old)))


def gone(old: Baseline, seen: Seen) -> tuple[str, ...]:
    """Lines for entries of tests that no longer exist."""
    return tuple(
        f"{nodeid}: the test no longer exists"
        for nodeid in sorted(old.tests)
        if seen.is_gone(nodeid)
    )


def _with_old_texts(new: Baseline, old: Baseline) -> Baseline:
    """Keep the words for a statement that is known: a new column must not touch a file."""
    return Baseline(
        tests={
            nodeid: Accepted(
                findings=entry.findings,
                shapes=entry.shapes,
                texts={**entry.texts, **_texts(old.of_test(nodeid), entry)},
            )
            for nodeid, entry in new.tests.items()
        }
    )


def _texts(old: Accepted, new: Accepted) -> dict[str, str]:
    return {digits: old.texts[digits] for digits in new.shapes if old.texts.get(digits)}
