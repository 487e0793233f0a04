"""The guard: records each test, judges it, and at the end of the run reports."""

import base64
import pickle
import sys
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from querysafe import baseline as memory
from querysafe.baseline import Baseline
from querysafe.errors import BaselineError, QuerysafeError, SettingsError
from querysafe.finding import Finding
from querysafe.recording import Recording, RunResult, TestResult
from querysafe.settings import Settings
from querysafe.testing.collection import Collection
from querysafe.testing.growing import Grower
from querysafe.testing.listening import WIDER, Listener
from querysafe.testing.marks import NO_MARKS, Allowance, Marks, marks_of
from querysafe.testing.outcomes import enforces, is_expected, nothing, others, unjudged
from querysafe.testing.reporting import TOLD, Reporter
from querysafe.testing.summary import Summary
from querysafe.testing.unittests import apart_from_set_up, is_case

if TYPE_CHECKING:
    from querysafe.testing.judging import Judge
    from querysafe.testing.planning import Plans

_RESULT = "querysafe_result"


class Guard:
    """One per process: serial run, controller of workers, or worker."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config = config
        self.settings = settings
        self.worker: Mapping[str, Any] | None = getattr(config, "workerinput", None)
        self.reporter = Reporter(config, settings)
        directory = config.rootpath / settings.baseline
        self.enforces = enforces(config, settings, self.worker)
        self.summary = Summary(
            settings=settings,
            directory=directory,
            accepted=self._accepted(directory),
            collection=Collection(config),
        )
        self.listener = Listener(config.rootpath, settings)
        self.grower = Grower(self.listener, settings.grow_factor - 1) if settings.grow else None
        if self.grower is not None:
            config.pluginmanager.register(self.grower.timeouts)
        self.plans = _plans(config, settings) if settings.plans else None
        self._judge: Judge | None = None
        self._marks = NO_MARKS
        self._called = False
        self._failed_within = False
        self._run: RunResult | None = None
        self.unjudged = False
        """Whether a test could not be judged: mode ``check`` must not pass over it."""
        if settings.select or settings.ignore:
            self._judge = self._judging()

    # --- the run

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist what this process decided."""
        node.workerinput["querysafe_enforces"] = self.enforces
        if self.reporter.recordings is not None:
            node.workerinput["querysafe_recordings"] = str(self.reporter.recordings)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Know which modules were collected from their first test to their last."""
        self.summary.collection.note(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Know every collected test, those that -k deselects afterwards too."""
        self.summary.collection.add(items)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Begin a recording; what fixtures do is its set-up phase."""
        mistake = "" if self._is_growing else self._begin(item)
        result = yield
        if mistake and self.enforces:
            pytest.fail(mistake, pytrace=False)
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: "pytest.FixtureDef[Any]"
    ) -> Generator[None, Any, Any]:
        """Tell set-up from the call, which may ask for a fixture, too.

        What wider fixtures do is kept out of the test that happens to be the first to ask.
        """
        before = self.listener.phase
        phase = "setup" if fixturedef.scope == "function" else WIDER
        if before in (phase, WIDER):
            return (yield)
        self.listener.enter(phase)
        try:
            return (yield)
        finally:
            self.listener.enter(before)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """The test itself, from here on."""
        is_cold = self.settings.cold_session or self._is_growing
        if not is_cold and not is_case(item):
            self.listener.enter("call")
            try:
                return (yield)
            finally:
                self.listener.enter("after")
                self._called = True
        with ExitStack() as cold:

            def enter(phase: str) -> None:
                cold.close()
                if phase == "call" and is_cold and self.listener.hears:
                    cold.enter_context(self._cooled(item))
                self.listener.enter(phase)

            try:
                enter("call")
                with apart_from_set_up(item, enter):
                    return (yield)
            finally:
                enter("after")
                self._called = True

    def _cooled(self, item: pytest.Item) -> AbstractContextManager[int]:
        """Sessions without what set-up left in them, but for what the test was handed."""
        from querysafe.growth.cold import cooled

        instance = getattr(item, "instance", None)
        handed = [*getattr(item, "funcargs", {}).values(), getattr(instance, "__dict__", {})]
        return cooled(handed, whole=self._is_growing)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, Any, Any]:
        """What fixtures undo."""
        self.listener.enter("teardown")
        try:
            result = yield
            if self.grower is not None and self.grower.pending is not None:
                raise self.grower.pending
            return result
        finally:
            self.listener.close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Judge a test when its call is over, before anybody is told of its outcome."""
        report = yield
        if report.when == "call" and not self._called:
            # A subtest reports while the test goes on.
            self._failed_within = self._failed_within or report.failed
        elif report.when == "call" or (report.when == "setup" and not report.passed):
            self._finish_test(item, report)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what a worker found; a test whose worker died has failed."""
        packed = report.__dict__.pop(_RESULT, None)
        if packed is not None and self.worker is None:
            self._take_in(*pickle.loads(base64.b64decode(packed)))
        elif packed is not None:
            setattr(report, _RESULT, packed)
        elif report.when not in ("setup", "call", "teardown") and report.failed:
            self._take_in(nothing(report.nodeid, "failed"), NO_MARKS, frozenset())

    # --- one test

    @property
    def _is_growing(self) -> bool:
        return self.grower is not None and self.grower.is_growing

    def _begin(self, item: pytest.Item) -> str:
        """Begin a test; tell what is wrong with its markers, if anything is."""
        self._called = self._failed_within = False
        self._marks = NO_MARKS
        item.user_properties[:] = others(item.user_properties)
        mistake = ""
        try:
            self._marks = marks_of(item)
        except SettingsError as error:
            mistake = str(error)
            self.summary.complaints.add(mistake)
        until = None
        if "sqlalchemy" in sys.modules:
            from querysafe.testing.judging import function_of

            until = getattr(function_of(item), "__code__", None)
        if self.grower is not None:
            self.grower.begin()
        self.listener.open(until)
        self.listener.enter("setup")
        return mistake

    def _finish_test(self, item: pytest.Item, report: pytest.TestReport) -> None:
        outcome = "failed" if self._failed_within else report.outcome
        is_plain = outcome == "passed" and report.when == "call" and not is_expected(report)
        try:
            result, used = self._judged(item, outcome, grow=is_plain)
        except Exception as error:
            self._complain(item, error)
            result, used = nothing(item.nodeid, outcome), frozenset[Allowance]()
        if result.queries:
            item.user_properties += self.reporter.properties(result)
        report.user_properties[:] = item.user_properties
        if self.worker is None:
            self._take_in(result, self._marks, used)
        else:
            packed = pickle.dumps((result, self._marks, used))
            setattr(report, _RESULT, base64.b64encode(packed).decode("ascii"))
        if self.enforces and is_plain and (failing := self._failing(result)):
            report.outcome = "failed"
            report.longrepr = self.reporter.failure(failing)
            setattr(report, TOLD, [finding.identity for finding in failing])

    def _complain(self, item: pytest.Item, error: Exception) -> None:
        """Tell of a test that could not be judged: a mistake of ours costs no run of theirs."""
        self.unjudged = True
        self.summary.complaints.add(unjudged(item.nodeid, error))

    def _judged(
        self, item: pytest.Item, outcome: str, *, grow: bool
    ) -> tuple[TestResult, frozenset[Allowance]]:
        every = self.reporter.recordings is not None
        if not every and self.plans is None and self.grower is None:
            quiet = self._quiet(item.nodeid, outcome)
            if quiet is not None:
                return quiet, frozenset()
        recording = self.listener.recording(item.nodeid, every=every)
        used: frozenset[Allowance] = frozenset()
        if recording is None:
            recording, result = Recording(name=item.nodeid), nothing(item.nodeid, outcome)
        else:
            result, used = self._judging().judge(
                item,
                recording,
                outcome=outcome,
                marks=self._marks,
                ignored=self.listener.ignored(),
            )
            if self.plans is not None and outcome == "passed" and result.queries:
                result, more = self._judging().judge_planned(
                    result,
                    self.plans.look(item.nodeid, recording),
                    marks=self._marks,
                    ignored=self.listener.ignored(),
                )
                used |= more
            if grow and self.grower is not None and result.queries:
                result, more = self._grown(self.grower, item, result, recording)
                used |= more
        self.reporter.keep(recording, result)
        return result, used

    def _quiet(self, nodeid: str, outcome: str) -> TestResult | None:
        """The result of a test that shows at a glance that it has no finding."""
        seen = self.listener.glance()
        if seen is None:
            return None
        if not seen.queries:
            return nothing(nodeid, outcome)
        return self._judging().quiet(nodeid, seen, outcome=outcome, marks=self._marks)

    def _grown(
        self, grower: Grower, item: pytest.Item, result: TestResult, recording: Recording
    ) -> tuple[TestResult, frozenset[Allowance]]:
        """Run a test that passed again on cloned rows, and add what that shows."""
        from querysafe.testing.judging import function_of

        grown = grower.grow(item, function_of(item), result.queries)
        self._called = True
        result = replace(result, not_grown=grown.problem)
        used: frozenset[Allowance] = frozenset()
        for run in grown.runs:
            result, more = self._judging().judge_grown(
                item, result, recording, run.recording, marks=self._marks, ignored=run.ignored
            )
            used |= more
        return result, used

    def _judging(self) -> "Judge":
        if self._judge is None:
            from querysafe.testing.judging import Judge

            self._judge = Judge(self.settings, self.summary.accepted)
        return self._judge

    def _failing(self, result: TestResult) -> list[Finding]:
        judge = self._judging() if result.findings else None
        return [each for each in result.findings if judge is not None and judge.fails(each)]

    def _take_in(self, result: TestResult, marks: Marks, used: frozenset[Allowance]) -> None:
        self.summary.results[result.nodeid] = result
        self.summary.suppressions.note(marks, used)

    # --- the end

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the reports and the baseline: the process that has all results does."""
        self.listener.leave()
        if self.plans is not None:
            self.summary.complaints.update(self.plans.notes())
        if self.listener.problem:
            self.reporter.problems.append(
                f"not every statement could be recorded ({self.listener.problem})\n"
                "  hint: findings may be missing; please report this as a defect of querysafe"
            )
        if self.worker is not None:
            output = self.config.workeroutput  # type: ignore[attr-defined]
            output["querysafe_collection"] = self.summary.collection.sent()
            complaints = {*self.summary.complaints, *self.reporter.problems}
            output["querysafe_complaints"] = sorted(complaints)
            output["querysafe_unjudged"] = self.unjudged
            return
        try:
            self.reporter.finish(self.run_result())
        except QuerysafeError as error:
            self.reporter.problems.append(str(error))
            session.exitstatus = session.exitstatus or pytest.ExitCode.INTERNAL_ERROR
        if self.reporter.failed or (self.unjudged and self.enforces):
            session.exitstatus = session.exitstatus or pytest.ExitCode.INTERNAL_ERROR
        if self.enforces and self.summary.misses_baseline():
            self.reporter.problems.append(
                f'the baseline "{self.settings.baseline}" does not exist\n'
                "  hint: run `pytest --querysafe-update` and commit the directory"
            )
            if session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Learn from a worker of pytest-xdist which tests there are."""
        output = getattr(node, "workeroutput", {})
        self.summary.collection.receive(output.get("querysafe_collection", {}))
        self.summary.complaints.update(output.get("querysafe_complaints", ()))
        self.unjudged = self.unjudged or output.get("querysafe_unjudged", False)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what was found, the diagnosis first."""
        if self.worker is None:
            self.reporter.say(terminalreporter, self.run_result())

    def pytest_unconfigure(self) -> None:
        """Leave nothing behind, however the run ended."""
        if self.grower is not None:
            self.grower.leave()
        if self.plans is not None:
            self.plans.leave()
        self.listener.leave()
        self.reporter.clean()

    def run_result(self) -> RunResult:
        """Everything the run found; with ``update``, the new baseline is written first."""
        if self._run is None:
            recordings = self.reporter.recordings_name
            only_collects = bool(self.config.getoption("collectonly", False))
            try:
                self._run = self.summary.run(recordings, write=not only_collects)
            except QuerysafeError:
                self._run = self.summary.run(recordings, write=False)
                raise
            for test in self._run.tests:
                if test != self.summary.results[test.nodeid]:
                    self.reporter.keep_again(test)
        return self._run

    def _accepted(self, directory: Any) -> Baseline:
        """Read the baseline; one that cannot be read stops all but a mere report."""
        try:
            return memory.load(directory)
        except BaselineError as error:
            if self.enforces or self.settings.update:
                raise
            self.reporter.problems.append(str(error))
            return Baseline()


def _plans(config: pytest.Config, settings: Settings) -> "Plans":
    from querysafe.testing.planning import Plans

    return Plans(config.rootpath, settings)
