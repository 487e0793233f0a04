"""One test's recording, held against rules, markers, settings and the baseline."""

import inspect
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, Any

import pytest

from querysafe.analysis.quiet import is_quiet
from querysafe.analysis.registry import RULES, findings, rule
from querysafe.analysis.rules.history import REGRESSION
from querysafe.analysis.subject import Limits, Subject
from querysafe.baseline import Baseline, growths, judge, readable
from querysafe.finding import Finding, Severity, Verdict
from querysafe.query import CapturedQuery
from querysafe.recording import Recording, TestResult
from querysafe.settings import Settings
from querysafe.testing.marks import NO_MARKS, Allowance, Marks, accepts

if TYPE_CHECKING:
    from querysafe.capture.recorder import Glance
    from querysafe.testing.planning import Planned


def function_of(item: pytest.Item) -> Any:
    """The test's own function, below decorators and plugins' wrappers; ``None`` for a doctest."""
    function = getattr(item, "obj", None)
    function = getattr(function, "__func__", function)
    hypothesis = getattr(function, "hypothesis", None)
    if hypothesis is not None:
        function = getattr(hypothesis, "inner_test", function)
    if not callable(function):
        return None
    if hasattr(function, "__wrapped__"):
        function = inspect.unwrap(function)
    return function if hasattr(function, "__code__") else None


class Judge:
    """Applies the settings of a run to each test."""

    def __init__(self, settings: Settings, baseline: Baseline) -> None:
        self._settings = settings
        self._baseline = baseline
        selected = [rule(name).id for name in settings.select] or [each.id for each in RULES]
        dropped = {rule(name).id for name in settings.ignore}
        self.rules = frozenset(selected) - dropped
        self.allow = tuple(map(Allowance, settings.allow))
        self._usual = self._with(NO_MARKS)

    def judge(
        self,
        item: pytest.Item,
        recording: Recording,
        *,
        outcome: str,
        marks: Marks,
        ignored: Mapping[int, str],
    ) -> tuple[TestResult, frozenset[Allowance]]:
        """Say what a test did and what is to be said about it, and which allowances it took."""
        subject = self._subject(item, recording, marks, passed=outcome == "passed")
        used: set[Allowance] = set()
        allow = (*marks.allow, *self.allow)
        found = tuple(
            _suppressed(each, allow, ignored, used) for each in findings(subject, self.rules)
        )
        called = [query for query in recording.queries if query.context.phase == "call"]
        counts, texts = _shapes(called)
        result = TestResult(
            nodeid=item.nodeid,
            queries=sum([query.calls for query in called]),
            database_seconds=sum([query.duration_seconds for query in called]),
            outcome=outcome,
            findings=found,
            shapes=counts,
            texts=texts,
        )
        if REGRESSION.id in self.rules:
            grown = tuple(
                _suppressed(each, allow, ignored, used)
                for each in self._regressions(result, recording)
            )
            if grown:
                result = replace(result, findings=(*result.findings, *grown))
        return judge(self._baseline, result), frozenset(used)

    def quiet(
        self, nodeid: str, seen: "Glance", *, outcome: str, marks: Marks
    ) -> TestResult | None:
        """The result of a test without findings; ``None`` where only :meth:`judge` can tell."""
        if not is_quiet(
            seen.told,
            self._limits(marks),
            queries=seen.queries,
            seconds=seen.seconds,
            slowest=seen.slowest,
        ):
            return None
        return TestResult(
            nodeid=nodeid,
            queries=seen.queries,
            database_seconds=seen.seconds,
            outcome=outcome,
        )

    def judge_grown(
        self,
        item: pytest.Item,
        result: TestResult,
        own: Recording,
        grown: Recording,
        *,
        marks: Marks,
        ignored: Mapping[int, str],
    ) -> tuple[TestResult, frozenset[Allowance]]:
        """Add to a result what only a run on more rows shows."""
        from querysafe.growth.comparing import grown_findings

        subject = self._subject(item, grown, marks, passed=True)
        factor = self._settings.grow_factor + 1  # copies and siblings
        used: set[Allowance] = set()
        allow = (*marks.allow, *self.allow)
        more = tuple(
            replace(_suppressed(each, allow, ignored, used), queries=())
            for each in grown_findings(own, subject, result.findings, self.rules, factor)
        )
        if more:
            result = judge(self._baseline, replace(result, findings=(*result.findings, *more)))
        return result, frozenset(used)

    def judge_planned(
        self,
        result: TestResult,
        planned: "Planned",
        *,
        marks: Marks,
        ignored: Mapping[int, str],
    ) -> tuple[TestResult, frozenset[Allowance]]:
        """Add to a result what its plans show."""
        used: set[Allowance] = set()
        allow = (*marks.allow, *self.allow)
        more = tuple(
            _suppressed(each, allow, ignored, used)
            for each in planned.findings
            if each.rule.id in self.rules
        )
        texts = {shape: intern(readable(shape, text)) for shape, text in planned.texts.items()}
        result = replace(result, plans=planned.shapes, texts={**result.texts, **texts})
        if more:
            result = judge(self._baseline, replace(result, findings=(*result.findings, *more)))
        return result, frozenset(used)

    def _subject(
        self, item: pytest.Item, recording: Recording, marks: Marks, *, passed: bool
    ) -> Subject:
        code = getattr(function_of(item), "__code__", None)
        return Subject(
            recording=recording,
            nodeid=item.nodeid,
            file=_absolute(code.co_filename) if code is not None else "",
            first_line=code.co_firstlineno if code is not None else 0,
            passed=passed,
            limits=self._limits(marks),
        )

    def _limits(self, marks: Marks) -> Limits:
        return self._usual if marks is NO_MARKS else self._with(marks)

    def _with(self, marks: Marks) -> Limits:
        settings = self._settings
        return Limits(
            threshold=marks.threshold or settings.threshold,
            slow_seconds=settings.slow_seconds,
            max_queries=_first(marks.max_queries, settings.max_queries),
            max_seconds=_first(marks.max_seconds, settings.max_seconds),
        )

    def fails(self, finding: Finding) -> bool:
        """Whether mode ``check`` fails a test for a finding, under ``fail_on``."""
        if self._settings.fail_on == "error" and finding.severity is not Severity.ERROR:
            return False
        return finding.fails

    def _regressions(self, result: TestResult, recording: Recording) -> list[Finding]:
        found = []
        for growth in growths(self._baseline, result):
            queries = [q for q in recording if q.fingerprint == growth.fingerprint]
            sites = Counter(q.call_site for q in queries if q.call_site is not None)
            text = " ".join(growth.text.split())
            label = text.partition(" WHERE ")[0][:80] or growth.fingerprint
            found.append(
                Finding(
                    nodeid=result.nodeid,
                    rule=REGRESSION,
                    label=label,
                    count=growth.now,
                    message=f"{label} ran {growth.now} times, {growth.accepted} are accepted",
                    call_sites=tuple(site for site, _ in sites.most_common()),
                    advice=REGRESSION.cure,
                    statement=queries[0].statement if queries else growth.text,
                    fingerprint=growth.fingerprint,
                    seconds=sum(q.duration_seconds for q in queries),
                    queries=tuple(q.index for q in queries),
                )
            )
        return found


@lru_cache(maxsize=1024)
def _absolute(file: str) -> str:
    return str(Path(file).absolute())


def _suppressed(
    finding: Finding,
    allow: Iterable[Allowance],
    ignored: Mapping[int, str],
    used: set[Allowance],
) -> Finding:
    taken = [allowance for allowance in allow if accepts(allowance.pattern, finding)]
    used.update(taken)
    if taken:
        reason = taken[0].reason or f'allowed by "{taken[0].pattern}"'
        return replace(finding, verdict=Verdict.SUPPRESSED, reason=reason)
    if not ignored:
        return finding
    reasons = [ignored.get(index, "") for index in finding.queries]
    if reasons and all(reasons):
        return replace(finding, verdict=Verdict.SUPPRESSED, reason=reasons[0])
    return finding


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _shapes(queries: Sequence[CapturedQuery]) -> tuple[dict[str, int], dict[str, str]]:
    counts: Counter[str] = Counter()
    statements: dict[str, str] = {}
    for query in queries:
        counts[query.fingerprint] += query.calls
        statements.setdefault(query.fingerprint, query.statement)
    repeated = {intern(shape): count for shape, count in sorted(counts.items()) if count > 1}
    return repeated, {shape: intern(readable(shape, statements[shape])) for shape in repeated}
