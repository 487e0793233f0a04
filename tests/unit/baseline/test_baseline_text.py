"""A module's baseline as text: what git, people and other versions make of it."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given

from querysafe.baseline import Accepted, Baseline
from querysafe.baseline.text import parse, render
from querysafe.errors import BaselineError
from tests.unit.baseline.builders import BASELINES

MODULE = "tests/test_orders.py"
LINES = {
    f"{MODULE}::test_list": Accepted(
        findings={"QS101 Order.lines app/orders.py::list_orders": 6},
        shapes={"1f3a9c0b77de": 12},
        texts={"1f3a9c0b77de": "SELECT orders.* FROM orders WHERE a || ? = ?"},
    ),
    f"{MODULE}::TestPage::test_first[10 | #1]": Accepted(findings={"QS301 budget -": 1}),
}
TEXT = """\
# querysafe baseline 1
# module tests/test_orders.py
# Written by `pytest --querysafe-update`. In a merge keep the lines of both sides.

TestPage::test_first[10 \\| #1] | finding | 1 | QS301 budget -

test_list | finding | 6 | QS101 Order.lines app/orders.py::list_orders
test_list | query | 12 | 1f3a9c0b77de | SELECT orders.* FROM orders WHERE a \\|\\| ? = ?
"""


def test_the_text_is_one_readable_line_an_entry() -> None:
    assert render(MODULE, LINES) == TEXT


def test_the_text_reads_back_as_it_was_written() -> None:
    read = parse(TEXT, "x.txt")
    assert read == Baseline(tests=LINES)
    assert read.of_test(f"{MODULE}::test_list").texts == LINES[f"{MODULE}::test_list"].texts


def test_windows_line_ends_change_nothing() -> None:
    assert parse(TEXT.replace("\n", "\r\n"), "x.txt") == Baseline(tests=LINES)


@given(BASELINES)
def test_any_baseline_survives_writing_and_reading(baseline: Baseline) -> None:
    for module in baseline.modules:
        tests = {node: entry for node, entry in baseline.tests.items() if node.startswith(module)}
        text = render(module, tests)
        read = parse(text, "x.txt")
        assert read.tests == tests
        assert [entry.texts for entry in read.tests.values()] == [
            {digits: text for digits, text in tests[nodeid].texts.items() if text}
            for nodeid in read.tests
        ]
        assert render(module, read.tests) == text


def test_a_module_that_does_nothing_noteworthy_has_no_text() -> None:
    assert render(MODULE, {}) == ""
    assert render(MODULE, {f"{MODULE}::test_a": Accepted()}) == ""


@pytest.mark.parametrize("marker", ["<<<<<<< HEAD", "=======", ">>>>>>> topic", "||||||| base"])
def test_the_marker_of_an_unfinished_merge_is_named_with_its_line(marker: str) -> None:
    with pytest.raises(BaselineError, match=r"'x\.txt' line 4 holds the marker") as error:
        parse(TEXT.replace("\n\n", f"\n{marker}\n", 1), "x.txt")
    assert "keep the entries of both sides" in (error.value.hint or "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not begin with"),
        ("hello\n", "does not begin with"),
        ("# querysafe baseline one\n", "does not begin with"),
        ("# querysafe baseline 99\n# module a.py\n", "format version 99"),
        ("# querysafe baseline 1\n", "does not name its test module"),
        (TEXT + "what is this\n", r"line 9 cannot be understood: 'what is this'"),
        (TEXT + "test | finding | many | QS101 x y\n", "line 9 cannot be understood"),
        (TEXT + "test | thing | 3 | QS101 x y\n", "line 9 cannot be understood"),
        (TEXT + "test | finding | 3\n", "line 9 cannot be understood"),
    ],
)
def test_what_is_no_baseline_is_refused_with_a_hint(text: str, message: str) -> None:
    with pytest.raises(BaselineError, match=message) as error:
        parse(text, "x.txt")
    assert error.value.hint


def test_a_line_that_a_merge_kept_twice_counts_once_with_the_larger_number() -> None:
    doubled = TEXT + "test_list | finding | 9 | QS101 Order.lines app/orders.py::list_orders\n"
    accepted = parse(doubled, "x.txt").of_test(f"{MODULE}::test_list")
    assert accepted.findings == {"QS101 Order.lines app/orders.py::list_orders": 9}


def test_git_merges_changes_to_neighbouring_tests_without_a_conflict(tmp_path: Path) -> None:
    def entry(count: int) -> Accepted:
        return Accepted(findings={"QS101 Order.lines app/orders.py::list_orders": count})

    names = [f"{MODULE}::test_{letter}" for letter in "abc"]
    for side, counts in {"base": (6, 6, 6), "ours": (6, 4, 6), "theirs": (5, 6, 6)}.items():
        tests = dict(zip(names, map(entry, counts), strict=True))
        (tmp_path / side).write_text(render(MODULE, tests))
    command = ["git", "merge-file", "-p", "ours", "base", "theirs"]
    merged = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert parse(merged.stdout, "x.txt") == Baseline(
        tests=dict(zip(names, map(entry, (5, 4, 6)), strict=True))
    )
