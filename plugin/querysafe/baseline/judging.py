"""What a test did, held against what it may do."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from querysafe.baseline.model import Accepted, Baseline, totals
from querysafe.finding import Finding, Verdict
from querysafe.recording import TestResult

GROWTH_FACTOR = 2
"""A shape may run this many times as often as accepted …"""
GROWTH_LEAST = 3
"""… and it is no growth below this many more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeGrowth:
    """A statement that runs far more often than the baseline accepts, and is in no finding."""

    nodeid: str
    fingerprint: str
    accepted: int
    now: int
    text: str
    """The statement, shortened."""


def judge(baseline: Baseline, result: TestResult) -> TestResult:
    """Set the verdict of each finding: accepted, worse than accepted, or new.

    Findings of one identity are judged by the sum of their counts; ``accepted_count`` of
    each is what the others leave of the accepted number. Suppressed ones stay suppressed.
    """
    if not result.findings:
        return result
    accepted = baseline.of_test(result.nodeid).findings
    counts = totals(result)
    judged = tuple(_judged(finding, accepted, counts) for finding in result.findings)
    return replace(result, findings=judged)


def growths(baseline: Baseline, result: TestResult) -> tuple[ShapeGrowth, ...]:
    """Name the accepted statements that now run over twice as often, and three times more."""
    accepted = baseline.of_test(result.nodeid)
    told = {finding.fingerprint for finding in result.findings}
    return tuple(
        ShapeGrowth(
            nodeid=result.nodeid,
            fingerprint=digits,
            accepted=accepted.shapes[digits],
            now=now,
            text=result.texts.get(digits) or accepted.texts.get(digits, ""),
        )
        for digits, now in sorted(result.shapes.items())
        if digits in accepted.shapes
        and digits not in told
        and has_grown(accepted.shapes[digits], now)
    )


def has_grown(before: int, after: int) -> bool:
    """Whether one count is so much larger than the other that it is another way of working."""
    return after > GROWTH_FACTOR * before and after - before >= GROWTH_LEAST


def improvements(baseline: Baseline, result: TestResult) -> tuple[str, ...]:
    """Lines for what a test does less than it may: 60 are accepted, 6 ran."""
    accepted, counts = _comparable(baseline, result)
    return tuple(
        f"{result.nodeid}: {identity}: {limit} accepted, now {counts[identity]}"
        for identity, limit in sorted(accepted.findings.items())
        if identity in counts and counts[identity] < limit
    ) + tuple(
        f"{result.nodeid}: {accepted.texts.get(digits) or digits}: {limit} accepted, "
        f"now {result.shapes[digits]}"
        for digits, limit in sorted(accepted.shapes.items())
        if digits in result.shapes and has_grown(result.shapes[digits], limit)
    )


def stale(baseline: Baseline, result: TestResult) -> tuple[str, ...]:
    """Lines for findings that are accepted and did not occur, though the test ran."""
    accepted, counts = _comparable(baseline, result)
    return tuple(
        f"{result.nodeid}: {identity}: {limit} accepted, none found"
        for identity, limit in sorted(accepted.findings.items())
        if identity not in counts
    )


def _comparable(baseline: Baseline, result: TestResult) -> tuple[Accepted, dict[str, int]]:
    """A test that did not pass stopped early: what it did not do says nothing."""
    if result.outcome != "passed":
        return Accepted(), {}
    return baseline.of_test(result.nodeid), totals(result)


def _judged(finding: Finding, accepted: Mapping[str, int], counts: Mapping[str, int]) -> Finding:
    if finding.verdict is Verdict.SUPPRESSED:
        return finding
    limit = accepted.get(finding.identity)
    if limit is None:
        if finding.verdict is Verdict.NEW and finding.accepted_count is None:
            return finding
        return replace(finding, verdict=Verdict.NEW, accepted_count=None)
    total = counts.get(finding.identity, finding.count)
    if total <= limit:
        return replace(finding, verdict=Verdict.ACCEPTED, accepted_count=limit)
    left = max(0, limit - (total - finding.count))
    return replace(finding, verdict=Verdict.WORSE, accepted_count=left)
