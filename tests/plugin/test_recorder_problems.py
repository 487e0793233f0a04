"""A defect of the recorder breaks no test of the user's, and is told."""

from tests.plugin.conftest import Project

BROKEN = """
import querysafe.capture.watch
import pytest
import sys

@pytest.fixture(autouse=True)
def broken(monkeypatch):
    def walk(*arguments):
        raise LookupError("a defect of ours")
    monkeypatch.setattr(sys.modules["querysafe.capture.engine"], "_running_loop", walk)
"""


def test_a_defect_of_the_recorder_is_told_and_breaks_no_test(project: Project) -> None:
    project.write("conftest.py", f"{(project.root / 'conftest.py').read_text()}\n{BROKEN}")
    project.write(
        "test_shop.py", "import shop\n\ndef test_it(session):\n    shop.products(session)\n"
    )
    result = project.run_apart()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*not every statement could be recorded (LookupError at *"])


def test_without_a_defect_nothing_is_told(project: Project) -> None:
    project.write(
        "test_shop.py", "import shop\n\ndef test_it(session):\n    shop.products(session)\n"
    )
    result = project.run_apart()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*could be recorded*")
