"""The guard: records each test, judges it, and at the end of the run reports."""

import base64
import os
import pickle
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from querysafe import baseline as memory
from querysafe.errors import QuerysafeError, SettingsError
from querysafe.recording import RunResult, TestResult
from querysafe.settings import Settings
from querysafe.testing.marks import Marks, marks_of
from querysafe.testing.reporting import Reporter

_RESULT = "querysafe_result"


class Guard:
    """One per process: serial run, controller of workers, or worker."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config = config
        self.settings = settings
        self.worker = hasattr(config, "workerinput")
        self.directory = config.rootpath / settings.baseline
        self.accepted = memory.load(self.directory)
        self.results: dict[str, TestResult] = {}
        self.collected: set[str] = set()
        self.modules: set[str] = set()
        self._partial: set[str] = set()
        self.reporter = Reporter(config, settings)
        self._judge: Any = None
        self._recorder: Any = None
        self._interpreter: Any = None
        self._current: pytest.Item | None = None
        self._marks: Marks = Marks()
        self._run: RunResult | None = None

    # --- the run

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Know every collected test, those that -k deselects afterwards too."""
        self.collected |= {item.nodeid for item in items}
        arguments = [argument.partition("[")[0] for argument in self.config.args]
        self._partial |= {
            nodeid.partition("::")[0].rpartition("/")[2] for nodeid in arguments if "::" in nodeid
        }
        self.modules |= {
            module
            for module in (item.nodeid.partition("::")[0] for item in items)
            if module.rpartition("/")[2] not in self._partial
        }

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Begin a recording; what fixtures do is its set-up phase."""
        self._begin(item)
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """The test itself, from here on."""
        if self._recorder is None:
            self._begin(item)
        self._phase("call")
        if self.settings.cold_session and self._recorder is not None:
            from querysafe.growth.cold import cool_all

            cool_all()
        try:
            return (yield)
        finally:
            self._phase("after")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """What fixtures undo."""
        self._phase("teardown")
        try:
            return (yield)
        finally:
            self._end()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Judge a test when its call is over, before anybody is told of its outcome."""
        report = yield
        if report.when == "call" or (report.when == "setup" and not report.passed):
            result = self._result(item, report)
            if result is not None:
                self._attach(item, report, result)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what a worker or this process found."""
        packed = getattr(report, _RESULT, None)
        if packed is not None:
            result = pickle.loads(base64.b64decode(packed))
            self.results[result.nodeid] = result
            delattr(report, _RESULT)

    # --- one test

    def _begin(self, item: pytest.Item) -> None:
        self._current = item
        try:
            self._marks = marks_of(item)
        except SettingsError as error:
            pytest.fail(str(error), pytrace=False)
        if "sqlalchemy" not in sys.modules:
            return
        if self._recorder is None:
            self._install()
        from querysafe.capture.watch import recorder
        from querysafe.testing.judging import function_of

        self._recorder = recorder()
        self._recorder.until = getattr(function_of(item), "__code__", None)
        self._recorder.start()
        self._phase("setup")

    def _install(self) -> None:
        from querysafe.capture.recorder import Interpreter
        from querysafe.capture.watch import recorder

        self._recorder = recorder(
            self.config.rootpath,
            own=self.settings.root_packages,
            foreign=self.settings.library_paths,
        )
        self._interpreter = Interpreter(self._recorder)

    def _phase(self, name: str) -> None:
        if self._recorder is not None:
            self._recorder.phase = name
            if name == "call":
                from querysafe.capture.requests import wrap_applications

                wrap_applications()

    def _end(self) -> None:
        if self._recorder is not None:
            self._interpreter.remember_setup()
            self._recorder.stop()
            self._recorder.start()
            self._recorder.stop()
            self._recorder.sites.forget()

    def _result(self, item: pytest.Item, report: pytest.TestReport) -> TestResult | None:
        if self._judge is None:
            from querysafe.testing.judging import Judge

            self._judge = Judge(self.settings, self.accepted)
        if self._recorder is None:
            return TestResult(
                nodeid=item.nodeid, queries=0, database_seconds=0.0, outcome=report.outcome
            )
        from querysafe.capture.watch import ignored

        every = self.reporter.recordings is not None
        recording = self._interpreter.recording(item.nodeid, every=every)
        if self.reporter.recordings is not None:
            self.reporter.keep(recording)
        judged: TestResult = self._judge.judge(
            item,
            recording,
            outcome=report.outcome,
            marks=self._marks,
            ignored=ignored(self._recorder.raws),
        )
        return judged

    def _attach(self, item: pytest.Item, report: pytest.TestReport, result: TestResult) -> None:
        for name, value in self.reporter.properties(result):
            item.user_properties.append((name, value))
            report.user_properties.append((name, value))
        if self.worker:
            setattr(report, _RESULT, base64.b64encode(pickle.dumps(result)).decode("ascii"))
        else:
            self.results[result.nodeid] = result
        failing = [finding for finding in result.findings if self._judge.fails(finding)]
        enforced = self.settings.mode == "check" and not self.settings.update
        if enforced and failing and report.when == "call" and report.passed:
            report.outcome = "failed"
            report.longrepr = self.reporter.failure(failing)

    # --- the end

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the reports and the baseline: the process that has all results does."""
        if self.worker:
            output = self.config.workeroutput  # type: ignore[attr-defined]
            output["querysafe_collected"] = sorted(self.collected)
            output["querysafe_modules"] = sorted(self.modules)
            return
        try:
            self.reporter.finish(self.run_result())
        except QuerysafeError as error:
            self.reporter.problems.append(str(error))
            session.exitstatus = session.exitstatus or pytest.ExitCode.INTERNAL_ERROR
        if self._misses_baseline():
            self.reporter.problems.append(
                f'the baseline "{self.settings.baseline}" does not exist\n'
                "  hint: run `pytest --querysafe-update` and commit the directory"
            )
            if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Learn from a worker of pytest-xdist which tests there are."""
        output = getattr(node, "workeroutput", {})
        self.collected |= set(output.get("querysafe_collected", ()))
        self.modules |= set(output.get("querysafe_modules", ()))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what was found, the diagnosis first."""
        if not self.worker:
            self.reporter.say(terminalreporter, self.run_result())

    def run_result(self) -> RunResult:
        """Everything the run found; with ``update``, the new baseline is written first."""
        if self._run is None:
            self._run = self._summed_up()
        return self._run

    def _summed_up(self) -> RunResult:
        tests = tuple(self.results[nodeid] for nodeid in sorted(self.results))
        seen = memory.Seen(tests=frozenset(self.collected), modules=frozenset(self.modules))
        notes: list[str] = []
        stale = (
            *memory.gone(self.accepted, seen),
            *(line for test in tests for line in memory.stale(self.accepted, test)),
        )
        improved = tuple(
            line for test in tests for line in memory.improvements(self.accepted, test)
        )
        if self.settings.update:
            updated = memory.update(self.accepted, tests, seen)
            changed = memory.write(self.directory, updated)
            notes.append(
                f"baseline {self.settings.baseline}: {len(changed)} files changed"
                if changed
                else f"baseline {self.settings.baseline}: nothing changed"
            )
            tests = tuple(memory.judge(updated, test) for test in tests)
            stale, improved = (), ()
        return RunResult(
            tests=tests,
            mode=self.settings.mode,
            recordings=str(self.reporter.recordings) if self.settings.record else None,
            stale=stale,
            improved=improved,
            notes=tuple(notes),
        )

    def _misses_baseline(self) -> bool:
        return (
            self.settings.mode == "check"
            and not self.settings.update
            and bool(os.environ.get("CI"))
            and not memory.exists(Path(self.directory))
        )
