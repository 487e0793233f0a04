"""Two runs side by side: what got worse or better, per test and per call site."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from querysafe.baseline.judging import has_grown
from querysafe.baseline.model import Baseline
from querysafe.finding import Finding, Severity, Verdict
from querysafe.recording import RunResult, TestResult


class Change(StrEnum):
    """How something stands in HEAD against BASE."""

    APPEARED = "appeared"
    WORSE = "worse"
    SAME = "same"
    BETTER = "better"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChange:
    """One finding in one test that is not what it was."""

    nodeid: str
    identity: str
    rule: str
    label: str
    where: str
    """``path:line function`` of the newest side that knows the line."""
    before: int
    after: int
    fails: bool = True
    """Whether it may fail a run: a note never does."""

    @property
    def change(self) -> Change:
        """Appeared, worse, better or gone."""
        if not self.before:
            return Change.APPEARED
        if not self.after:
            return Change.GONE
        return Change.WORSE if self.after > self.before else Change.BETTER

    @property
    def is_worse(self) -> bool:
        """Whether it counts against HEAD."""
        return self.fails and self.after > self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class TestChange:
    """One test that both sides ran and that is not what it was."""

    __test__ = False

    nodeid: str
    queries_before: int | None
    """``None`` when that side does not count queries, as a baseline does not."""
    queries_after: int | None
    seconds_before: float | None
    seconds_after: float | None
    findings: tuple[FindingChange, ...] = ()

    @property
    def change(self) -> Change:
        """The verdict on the test: its findings decide, then a large change of its queries."""
        before, after = self.queries_before, self.queries_after
        counted = before is not None and after is not None
        if any(finding.is_worse for finding in self.findings):
            return Change.WORSE
        if counted and has_grown(before or 0, after or 0):
            return Change.WORSE
        if any(finding.after < finding.before for finding in self.findings):
            return Change.BETTER
        return Change.BETTER if counted and (after or 0) < (before or 0) else Change.SAME


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteChange:
    """One finding of one call site, over all tests."""

    rule: str
    label: str
    where: str
    before: int
    after: int
    tests: int
    """In how many tests its count changed."""
    is_worse: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """One statement that both sides planned, and not in the same way."""

    fingerprint: str
    text: str
    """One statement of that shape."""
    before: str
    after: str
    tests: tuple[str, ...]
    """The tests of HEAD that send it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs between BASE and HEAD. Tests that did not change are only counted."""

    tests: tuple[TestChange, ...]
    only_base: tuple[str, ...] = ()
    only_head: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    """Tests of both sides that did not pass on one: where they stopped says nothing."""
    compared: int = 0
    """Tests that both sides know and passed."""
    new_findings: tuple[FindingChange, ...] = ()
    """Findings of tests that only HEAD has."""
    plans: tuple[PlanChange, ...] = ()
    """What ``--querysafe-plans`` saw change; it decides nothing."""

    @property
    def worse(self) -> tuple[TestChange, ...]:
        """Tests that got worse."""
        return tuple(test for test in self.tests if test.change is Change.WORSE)

    @property
    def better(self) -> tuple[TestChange, ...]:
        """Tests that got better and in nothing worse."""
        return tuple(test for test in self.tests if test.change is Change.BETTER)

    @property
    def is_worse(self) -> bool:
        """Whether anything got worse: a finding appeared or grew, or a test's queries did.

        Queries of a test have grown when they more than doubled and are three more; a
        few more are shown and count for nothing.
        """
        return bool(self.worse) or any(finding.is_worse for finding in self.new_findings)

    @property
    def sites(self) -> tuple[SiteChange, ...]:
        """The changes of findings by call site, what got worst first."""
        groups: dict[str, list[FindingChange]] = {}
        for change in (
            *(found for test in self.tests for found in test.findings),
            *self.new_findings,
        ):
            groups.setdefault(change.identity, []).append(change)
        sites = [
            SiteChange(
                rule=group[-1].rule,
                label=group[-1].label,
                where=group[-1].where,
                before=sum(change.before for change in group),
                after=sum(change.after for change in group),
                tests=len(group),
                is_worse=any(change.is_worse for change in group),
            )
            for group in groups.values()
        ]
        return tuple(
            sorted(sites, key=lambda site: (site.before - site.after, site.where, site.label))
        )


@dataclass(frozen=True, slots=True)
class _Found:
    rule: str
    label: str
    where: str
    count: int
    """Round trips that nobody suppresses."""
    fails: bool
    suppressed: bool = False
    """Whether some, or all, are suppressed."""


@dataclass(frozen=True, slots=True)
class _Side:
    """A run or a baseline, in the words that both know."""

    findings: Mapping[str, Mapping[str, _Found]]
    results: Mapping[str, TestResult] | None
    """``None`` for a baseline, which knows only tests that do something noteworthy."""

    @property
    def tests(self) -> frozenset[str]:
        return frozenset(self.findings if self.results is None else self.results)

    @property
    def unfinished(self) -> frozenset[str]:
        results = () if self.results is None else self.results.values()
        return frozenset(test.nodeid for test in results if test.outcome != "passed")


def compare(base: RunResult | Baseline, head: RunResult | Baseline) -> Comparison:
    """Compare two runs, or a run and a baseline, or two baselines.

    A baseline says nothing about tests that it does not name, and nothing of notes: against
    one, every test counts as known to both sides. What is suppressed in HEAD is no change,
    and what was suppressed in BASE only counts as not there.
    """
    whole = isinstance(base, RunResult) and isinstance(head, RunResult)
    before, after = _side(base, everything=whole), _side(head, everything=whole)
    if whole:
        common = before.tests & after.tests
    else:
        runs = [side.tests for side in (before, after) if side.results is not None]
        common = runs[0] if runs else before.tests | after.tests
    unfinished = common & (before.unfinished | after.unfinished)
    compared = common - unfinished
    only_head = tuple(sorted(after.tests - common)) if whole else ()
    changes = (_test_change(nodeid, before, after) for nodeid in sorted(compared))
    return Comparison(
        tests=tuple(change for change in changes if change is not None),
        only_base=tuple(sorted(before.tests - common)) if whole else (),
        only_head=only_head,
        unfinished=tuple(sorted(unfinished)),
        compared=len(compared),
        new_findings=tuple(
            change for nodeid in only_head for change in _finding_changes(nodeid, before, after)
        ),
        plans=_plan_changes(base, head),
    )


def _plan_changes(base: RunResult | Baseline, head: RunResult | Baseline) -> tuple[PlanChange, ...]:
    if not isinstance(base, RunResult) or not isinstance(head, RunResult):
        return ()
    before = {shape: plan for test in base.tests for shape, plan in test.plans.items()}
    after: dict[str, str] = {}
    texts: dict[str, str] = {}
    tests: dict[str, list[str]] = {}
    for test in head.tests:
        for shape, plan in test.plans.items():
            after[shape] = plan
            texts.setdefault(shape, test.texts.get(shape, shape))
            tests.setdefault(shape, []).append(test.nodeid)
    return tuple(
        PlanChange(
            fingerprint=shape,
            text=texts[shape],
            before=before[shape],
            after=plan,
            tests=tuple(tests[shape]),
        )
        for shape, plan in sorted(after.items())
        if shape in before and before[shape] != plan
    )


def _test_change(nodeid: str, before: _Side, after: _Side) -> TestChange | None:
    findings = _finding_changes(nodeid, before, after)
    old = before.results[nodeid] if before.results is not None else None
    new = after.results[nodeid] if after.results is not None else None
    if not findings and (old is None or new is None or old.queries == new.queries):
        return None
    return TestChange(
        nodeid=nodeid,
        queries_before=old.queries if old else None,
        queries_after=new.queries if new else None,
        seconds_before=old.database_seconds if old else None,
        seconds_after=new.database_seconds if new else None,
        findings=findings,
    )


def _finding_changes(nodeid: str, before: _Side, after: _Side) -> tuple[FindingChange, ...]:
    old, new = before.findings.get(nodeid, {}), after.findings.get(nodeid, {})
    changes: list[FindingChange] = []
    for identity in sorted({*old, *new}):
        was, now = old.get(identity), new.get(identity)
        shown = now or was
        before_count, after_count = (found.count if found else 0 for found in (was, now))
        silenced = now is not None and now.suppressed and not now.count
        if shown is None or before_count == after_count or silenced:
            continue
        changes.append(
            FindingChange(
                nodeid=nodeid,
                identity=identity,
                rule=shown.rule,
                label=shown.label,
                where=shown.where,
                before=before_count,
                after=after_count,
                fails=shown.fails,
            )
        )
    return tuple(changes)


def _side(source: RunResult | Baseline, *, everything: bool) -> _Side:
    if isinstance(source, Baseline):
        accepted = {
            nodeid: {identity: _remembered(identity, n) for identity, n in entry.findings.items()}
            for nodeid, entry in source.tests.items()
        }
        return _Side(findings=accepted, results=None)
    findings: dict[str, dict[str, _Found]] = {}
    for test in source.tests:
        of_test = findings.setdefault(test.nodeid, {})
        for finding in test.findings:
            if everything or finding.severity is not Severity.NOTE:
                of_test[finding.identity] = _found(finding, of_test.get(finding.identity))
    return _Side(findings=findings, results={test.nodeid: test for test in source.tests})


def _found(finding: Finding, earlier: _Found | None) -> _Found:
    site = finding.call_sites[0] if finding.call_sites else None
    suppressed = finding.verdict is Verdict.SUPPRESSED
    return _Found(
        rule=finding.rule.id,
        label=finding.label,
        where=f"{site} {site.function}" if site else "-",
        count=(0 if suppressed else finding.count) + (earlier.count if earlier else 0),
        fails=finding.severity is not Severity.NOTE,
        suppressed=suppressed or (earlier is not None and earlier.suppressed),
    )


def _remembered(identity: str, count: int) -> _Found:
    rule, _, rest = identity.partition(" ")
    label, _, where = rest.rpartition(" ")
    return _Found(rule=rule, label=label, where=where.replace("::", " "), count=count, fails=True)
