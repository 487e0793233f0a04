"""Reports of several runs, as the shards of a CI job write them, put together."""

from collections.abc import Iterable

from querysafe.recording import RunResult, TestResult
from querysafe.report.grouping import plural


def merge(runs: Iterable[RunResult]) -> RunResult:
    """Put runs together; of a test that several hold, the last one counts.

    The mode is ``check`` when one of them enforced; what they note is told once.
    """
    runs = tuple(runs)
    tests: dict[str, TestResult] = {}
    twice: set[str] = set()
    for run in runs:
        for test in run.tests:
            if test.nodeid in tests:
                twice.add(test.nodeid)
            tests[test.nodeid] = test
    notes = [note for run in runs for note in run.notes]
    if twice:
        held = "is" if len(twice) == 1 else "are"
        notes.append(
            f"{plural(len(twice), 'test')} {held} in several of the sources: the last counts"
        )
    return RunResult(
        tests=tuple(tests[nodeid] for nodeid in sorted(tests)),
        mode="check" if any(run.mode == "check" for run in runs) else "report",
        stale=_once(line for run in runs for line in run.stale),
        improved=_once(line for run in runs for line in run.improved),
        notes=_once(notes),
    )


def _once(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(lines))
