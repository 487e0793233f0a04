"""A new baseline from an old one and a run, whole, partial or spread over workers."""

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from querysafe.baseline import Baseline, Seen, accept, gone, judge, merged, union, update
from querysafe.finding import Verdict
from querysafe.fingerprint import fingerprint
from querysafe.recording import TestResult
from tests.unit.baseline.builders import (
    BASELINES,
    COUNTS,
    IDENTITY,
    TEST,
    accepting,
    finding,
    note,
    result,
    suppressed,
)

OTHER = "tests/test_orders.py::test_other"
ELSEWHERE = "tests/test_users.py::test_list"
WHOLE = Seen(tests=frozenset({TEST}), modules=frozenset({"tests/test_orders.py"}))
PARTIAL = Seen(tests=frozenset({TEST}))

RESULTS = st.lists(
    st.builds(
        lambda nodeid, counts, shapes, outcome: result(
            *(finding(count, nodeid=nodeid) for count in counts),
            nodeid=nodeid,
            shapes=shapes,
            texts=dict.fromkeys(shapes, "SELECT 1"),
            outcome=outcome,
        ),
        st.sampled_from([TEST, OTHER, ELSEWHERE]),
        st.lists(COUNTS, max_size=2),
        st.dictionaries(st.sampled_from(["aaa", "bbb"]), COUNTS, max_size=2),
        st.sampled_from(["passed", "failed"]),
    ),
    max_size=6,
)


def test_what_ran_and_passed_is_accepted_from_then_on() -> None:
    ran = result(finding(6), finding(2, line=12), shapes={"abc": 3, "once": 1})
    new = update(Baseline(), [ran], PARTIAL)
    assert new == accepting({IDENTITY: 8}, {"abc": 3})
    assert {found.verdict for found in judge(new, ran).findings} == {Verdict.ACCEPTED}


def test_a_better_run_tightens_and_a_clean_one_removes_the_entry() -> None:
    assert update(accepting({IDENTITY: 60}), [result(finding(6))], PARTIAL) == accepting(
        {IDENTITY: 6}
    )
    assert update(accepting({IDENTITY: 60}), [result()], PARTIAL) == Baseline()


def test_notes_and_suppressed_findings_are_not_written() -> None:
    assert accept([result(note(), suppressed())]) == Baseline()


def test_tests_that_a_partial_run_did_not_run_keep_their_entries() -> None:
    old = merged([accepting({IDENTITY: 6}, test=name) for name in (OTHER, ELSEWHERE)])
    new = update(old, [result(finding(1))], PARTIAL)
    assert new == merged([old, accepting({IDENTITY: 1})])
    assert gone(old, PARTIAL) == ()


def test_deselected_tests_keep_their_entries() -> None:
    old = accepting({IDENTITY: 6}, test=OTHER)
    seen = Seen(tests=frozenset({TEST, OTHER}), modules=frozenset({"tests/test_orders.py"}))
    assert update(old, [result()], seen) == old
    assert gone(old, seen) == ()


def test_entries_of_tests_that_no_longer_exist_are_dropped_and_named() -> None:
    old = merged([accepting({IDENTITY: 6}, test=name) for name in (TEST, OTHER, ELSEWHERE)])
    new = update(old, [result(finding(6))], WHOLE)
    assert new == merged([accepting({IDENTITY: 6}, test=name) for name in (TEST, ELSEWHERE)])
    assert gone(old, WHOLE) == (f"{OTHER}: the test no longer exists",)


def test_entries_of_a_removed_module_are_dropped() -> None:
    old = accepting({IDENTITY: 6}, test=ELSEWHERE)
    assert update(old, [], Seen(modules=frozenset({"tests/test_users.py"}))) == Baseline()


def test_a_test_that_failed_or_was_skipped_keeps_its_entry() -> None:
    old = accepting({IDENTITY: 6})
    for outcome in ("failed", "skipped"):
        assert update(old, [result(outcome=outcome)], WHOLE) == old


def test_the_text_of_a_statement_is_its_shape_and_stays_when_columns_come() -> None:
    before = "SELECT a.id AS a_id, a.name AS a_name FROM a WHERE a.id = ?"
    after = "SELECT a.id AS a_id, a.name AS a_name, a.age AS a_age FROM a WHERE a.id = ?"
    digits = fingerprint(before)

    def written(old: Baseline, statement: str) -> Baseline:
        ran = result(shapes={digits: 2}, texts={digits: statement})
        return update(old, [ran], PARTIAL)

    first = written(Baseline(), before)
    assert first.of_test(TEST).texts == {digits: "SELECT a.* FROM a WHERE a.id = ?"}
    assert written(Baseline(), after).of_test(TEST).texts == first.of_test(TEST).texts
    shortened = written(first, after[:30] + "…")
    assert shortened.of_test(TEST).texts == first.of_test(TEST).texts


def test_a_long_statement_is_cut_to_a_readable_line() -> None:
    ran = result(shapes={"abc": 2}, texts={"abc": "SELECT x\n" * 100})
    text = accept([ran]).of_test(TEST).texts["abc"]
    assert len(text) == 100
    assert text.endswith("…")
    assert "\n" not in text


@given(BASELINES, BASELINES, BASELINES)
def test_merging_is_commutative_associative_and_idempotent(
    one: Baseline, two: Baseline, three: Baseline
) -> None:
    def texts(baseline: Baseline) -> dict[str, object]:
        return {nodeid: entry.texts for nodeid, entry in baseline.tests.items()}

    assert merged([one, two]) == merged([two, one])
    assert texts(merged([one, two])) == texts(merged([two, one]))
    assert merged([merged([one, two]), three]) == merged([one, merged([two, three])])
    assert texts(merged([merged([one, two]), three])) == texts(merged([one, merged([two, three])]))
    assert merged([one, one]) == one
    assert merged([one, Baseline()]) == one


@given(RESULTS, st.data())
def test_workers_in_any_order_and_number_give_the_baseline_of_a_serial_run(
    results: list[TestResult], data: st.DataObject
) -> None:
    serial = accept(results)
    shuffled = data.draw(st.permutations(results))
    cut = data.draw(st.integers(0, len(results)))
    assert merged([accept(shuffled[cut:]), accept(shuffled[:cut])]) == serial
    old = accepting({IDENTITY: 5}, {"aaa": 9}, test=OTHER)
    assert update(old, shuffled, WHOLE) == update(old, results, WHOLE)


@given(RESULTS)
def test_updating_twice_with_one_run_changes_nothing(results: list[TestResult]) -> None:
    old = accepting({IDENTITY: 5}, {"aaa": 9}, test=OTHER)
    once = update(old, results, WHOLE)
    assert update(once, results, WHOLE) == once


@given(st.lists(st.builds(Seen, tests=st.frozensets(st.text()), modules=st.frozensets(st.text()))))
def test_what_workers_saw_joins_in_any_order(parts: list[Seen]) -> None:
    assert union(parts) == union(reversed(parts))
    assert union(parts) == reduce(lambda one, two: union([one, two]), parts, Seen())
