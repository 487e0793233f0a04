"""A long suite keeps results, not recordings."""

import pytest

from tests.plugin.conftest import Project

COUNT = """
import gc
import resource


def pytest_unconfigure():
    from querysafe.query import CapturedQuery
    from querysafe.recording import Recording

    gc.collect()
    kept = [type(each).__name__ for each in gc.get_objects()]
    print("KEPT", kept.count("CapturedQuery"), kept.count("Recording"), kept.count("Raw"))
    print("PEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
TESTS = """
import pytest
import shop

@pytest.mark.parametrize("number", range({count}))
def test_many(session, number):
    shop.products(session) if number % 10 == 0 else shop.products_at_once(session)
"""


def _run(project: Project, count: int, mode: str) -> dict[str, list[int]]:
    project.write("counting.py", COUNT)
    project.write("test_many.py", TESTS.format(count=count))
    project.monkeypatch.setenv("PYTHONPATH", str(project.root))
    # Ten thousand tests take a minute alone, and many beside the rest of a suite.
    arguments = ("-s", "-q", "-p", "counting", f"--querysafe={mode}")
    result = project.run_apart(*arguments, seconds=3600)
    result.assert_outcomes(passed=count)
    lines = [line.split() for line in result.stdout.lines if line.startswith(("KEPT", "PEAK"))]
    return {name: [int(number) for number in numbers] for name, *numbers in lines}


def test_no_query_of_a_test_is_kept_after_it(project: Project) -> None:
    assert _run(project, 200, "report")["KEPT"] == [0, 0, 0]


@pytest.mark.soak
def test_ten_thousand_tests_cost_a_few_kilobytes_each(project: Project) -> None:
    extra = {
        count: _run(project, count, "report")["PEAK"][0] - _run(project, count, "off")["PEAK"][0]
        for count in (1000, 10_000)
    }
    assert (extra[10_000] - extra[1000]) / 9000 < 6, extra
