"""Verdicts: accepted, worse, new; statements that run more often; what can be tightened."""

import pytest

from querysafe.baseline import Baseline, growths, improvements, judge, stale
from querysafe.finding import Verdict
from tests.unit.baseline.builders import (
    IDENTITY,
    TEST,
    accepting,
    finding,
    note,
    result,
    rule,
    suppressed,
)


def verdicts(baseline: Baseline, *findings: object) -> list[tuple[Verdict, int | None]]:
    judged = judge(baseline, result(*findings))  # type: ignore[arg-type]
    return [(found.verdict, found.accepted_count) for found in judged.findings]


@pytest.mark.parametrize("count", [1, 5, 6])
def test_a_finding_up_to_its_accepted_count_is_accepted(count: int) -> None:
    assert verdicts(accepting({IDENTITY: 6}), finding(count)) == [(Verdict.ACCEPTED, 6)]


@pytest.mark.parametrize("count", [7, 60])
def test_a_finding_above_its_accepted_count_is_worse(count: int) -> None:
    assert verdicts(accepting({IDENTITY: 6}), finding(count)) == [(Verdict.WORSE, 6)]


def test_a_finding_that_nothing_accepts_is_new() -> None:
    assert verdicts(accepting({IDENTITY: 6}), finding(label="Order.tags")) == [(Verdict.NEW, None)]
    assert verdicts(accepting({IDENTITY: 6}), finding(rule=rule("QS103"))) == [(Verdict.NEW, None)]
    assert verdicts(Baseline(), finding()) == [(Verdict.NEW, None)]
    assert verdicts(accepting({IDENTITY: 6}, test="tests/other.py::test"), finding()) == [
        (Verdict.NEW, None)
    ]


def test_a_moved_line_another_message_and_other_columns_keep_a_finding_accepted() -> None:
    moved = finding(6, line=999, message="otherwise", statement="SELECT more", fingerprint="x")
    assert verdicts(accepting({IDENTITY: 6}), moved) == [(Verdict.ACCEPTED, 6)]


def test_two_findings_of_one_identity_are_judged_by_their_sum() -> None:
    pair = finding(4, line=10), finding(2, line=12)
    assert verdicts(accepting({IDENTITY: 6}), *pair) == [(Verdict.ACCEPTED, 6)] * 2
    assert verdicts(accepting({IDENTITY: 5}), *pair) == [(Verdict.WORSE, 3), (Verdict.WORSE, 1)]


def test_a_suppressed_finding_stays_suppressed_and_uses_up_nothing() -> None:
    assert verdicts(accepting({IDENTITY: 6}), suppressed(60), finding(6)) == [
        (Verdict.SUPPRESSED, None),
        (Verdict.ACCEPTED, 6),
    ]


def test_judging_twice_changes_nothing() -> None:
    once = judge(accepting({IDENTITY: 5}), result(finding(6), finding(3, label="x")))
    assert judge(accepting({IDENTITY: 5}), once) == once


@pytest.mark.parametrize(
    ("accepted", "now", "grown"),
    [(2, 4, False), (2, 5, True), (3, 6, False), (3, 7, True), (6, 60, True), (10, 20, False)],
)
def test_a_statement_has_grown_when_it_more_than_doubled_by_three(
    accepted: int, now: int, grown: bool
) -> None:
    ran = result(shapes={"abc": now}, texts={"abc": "SELECT 1"})
    found = growths(accepting(shapes={"abc": accepted}), ran)
    assert [(g.nodeid, g.fingerprint, g.accepted, g.now, g.text) for g in found] == (
        [(TEST, "abc", accepted, now, "SELECT 1")] if grown else []
    )


def test_a_statement_that_a_finding_tells_already_is_no_growth() -> None:
    ran = result(finding(60, fingerprint="abc"), shapes={"abc": 60})
    assert growths(accepting(shapes={"abc": 6}), ran) == ()


def test_a_statement_that_the_baseline_does_not_know_is_no_growth() -> None:
    assert growths(accepting(shapes={"abc": 6}), result(shapes={"def": 60})) == ()


def test_less_than_accepted_can_be_tightened() -> None:
    ran = result(finding(6), shapes={"abc": 2, "def": 5})
    lines = improvements(accepting({IDENTITY: 60}, {"abc": 20, "def": 6}), ran)
    assert lines == (
        f"{TEST}: {IDENTITY}: 60 accepted, now 6",
        f"{TEST}: abc: 20 accepted, now 2",
    )
    assert improvements(accepting({IDENTITY: 6}, {"abc": 2}), ran) == ()


def test_an_accepted_finding_that_did_not_occur_is_stale() -> None:
    assert stale(accepting({IDENTITY: 6}), result()) == (
        f"{TEST}: {IDENTITY}: 6 accepted, none found",
    )
    assert stale(accepting({IDENTITY: 6}), result(finding(1))) == ()


def test_what_is_suppressed_by_now_needs_no_entry_any_more() -> None:
    assert stale(accepting({IDENTITY: 6}), result(suppressed())) != ()


@pytest.mark.parametrize("outcome", ["failed", "skipped"])
def test_a_test_that_did_not_pass_makes_nothing_stale_or_better(outcome: str) -> None:
    ran = result(finding(1), outcome=outcome)
    assert improvements(accepting({IDENTITY: 6}), ran) == ()
    assert stale(accepting({IDENTITY: 6}), result(outcome=outcome)) == ()


def test_a_note_is_judged_but_never_expected() -> None:
    assert stale(accepting({note().identity: 6}), result(note())) != ()
