"""Two runs side by side: which changes count, for tests and for call sites."""

import pytest

from querysafe.baseline import Baseline, Comparison, compare
from querysafe.baseline.comparing import Change
from querysafe.finding import Finding
from tests.unit.baseline.builders import (
    IDENTITY,
    TEST,
    accepting,
    finding,
    note,
    result,
    run,
    suppressed,
)

OTHER = "tests/test_orders.py::test_other"


def changes(comparison: Comparison) -> dict[str, Change]:
    return {test.nodeid: test.change for test in comparison.tests}


def compared(before: tuple[Finding, ...], after: tuple[Finding, ...]) -> Comparison:
    return compare(run(result(*before)), run(result(*after)))


def test_equal_runs_show_nothing() -> None:
    comparison = compared((finding(6),), (finding(6, line=99),))
    assert (comparison.tests, comparison.sites, comparison.is_worse) == ((), (), False)
    assert comparison.compared == 1


@pytest.mark.parametrize(
    ("before", "after", "change", "verdict"),
    [
        ((), (finding(6),), Change.APPEARED, Change.WORSE),
        ((finding(6),), (finding(60),), Change.WORSE, Change.WORSE),
        ((finding(60),), (finding(6),), Change.BETTER, Change.BETTER),
        ((finding(6),), (), Change.GONE, Change.BETTER),
        ((suppressed(),), (finding(6),), Change.APPEARED, Change.WORSE),
        ((), (note(),), Change.APPEARED, Change.SAME),
    ],
)
def test_a_finding_that_changes_decides_over_its_test(
    before: tuple[Finding, ...], after: tuple[Finding, ...], change: Change, verdict: Change
) -> None:
    comparison = compared(before, after)
    assert [found.change for found in comparison.tests[0].findings] == [change]
    assert changes(comparison) == {TEST: verdict}
    assert comparison.is_worse is (verdict is Change.WORSE)


@pytest.mark.parametrize("before", [(), (finding(6),), (suppressed(),)])
def test_a_finding_that_is_suppressed_by_now_is_no_change(before: tuple[Finding, ...]) -> None:
    assert compared(before, (suppressed(60),)).tests == ()


def test_a_suppressed_part_of_a_finding_does_not_count() -> None:
    assert compared((finding(6),), (finding(6), suppressed(60))).tests == ()


def test_one_finding_worse_and_one_better_is_worse() -> None:
    tags = {"label": "Order.tags"}
    comparison = compared((finding(6), finding(9, **tags)), (finding(7), finding(1, **tags)))
    assert changes(comparison) == {TEST: Change.WORSE}


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (10, 21, Change.WORSE),
        (10, 20, Change.SAME),
        (1, 3, Change.SAME),
        (0, 3, Change.WORSE),
        (10, 9, Change.BETTER),
    ],
)
def test_many_more_queries_are_worse_and_a_few_more_are_not(
    before: int, after: int, change: Change
) -> None:
    comparison = compare(run(result(queries=before)), run(result(queries=after)))
    assert changes(comparison) == {TEST: change}
    assert comparison.is_worse is (change is Change.WORSE)


def test_time_alone_changes_nothing() -> None:
    comparison = compare(run(result(database_seconds=0.1)), run(result(database_seconds=9.0)))
    assert comparison.tests == ()


def test_tests_of_one_side_are_named_and_findings_of_new_ones_count() -> None:
    comparison = compare(
        run(result(nodeid=OTHER)), run(result(finding(6)), result(nodeid="tests/a.py::test"))
    )
    assert comparison.only_base == (OTHER,)
    assert comparison.only_head == ("tests/a.py::test", TEST)
    assert [found.identity for found in comparison.new_findings] == [IDENTITY]
    assert comparison.is_worse
    assert not compare(run(result(finding(6))), run()).is_worse


@pytest.mark.parametrize("outcome", ["failed", "skipped"])
def test_a_test_that_did_not_pass_on_both_sides_is_named_and_not_judged(outcome: str) -> None:
    comparison = compare(run(result(finding(60))), run(result(queries=1, outcome=outcome)))
    assert comparison.tests == ()
    assert comparison.unfinished == (TEST,)


def test_call_sites_sum_over_tests_and_come_worst_first() -> None:
    tags = {"label": "Order.tags"}
    base = run(
        result(finding(6), finding(9, **tags)),
        result(finding(1, nodeid=OTHER), nodeid=OTHER),
    )
    head = run(
        result(finding(60), finding(2, **tags)),
        result(finding(10, nodeid=OTHER), nodeid=OTHER),
    )
    sites = compare(base, head).sites
    assert [(site.label, site.before, site.after, site.tests) for site in sites] == [
        ("Order.lines", 7, 70, 2),
        ("Order.tags", 9, 2, 1),
    ]
    assert [site.is_worse for site in sites] == [True, False]
    assert sites[0].where == "app/orders.py:10 list_orders"


def test_a_run_is_compared_with_a_baseline() -> None:
    worse = compare(accepting({IDENTITY: 6}), run(result(finding(60)), result(nodeid=OTHER)))
    assert changes(worse) == {TEST: Change.WORSE}
    assert (worse.only_base, worse.only_head, worse.compared) == ((), (), 2)
    assert worse.tests[0].queries_before is None
    same = compare(accepting({IDENTITY: 6}), run(result(finding(6), note(), suppressed())))
    assert same.tests == ()
    gone = compare(accepting({IDENTITY: 6}), run(result()))
    assert changes(gone) == {TEST: Change.BETTER}
    assert gone.tests[0].findings[0].where == "app/orders.py list_orders"


def test_tests_that_a_run_did_not_have_are_no_news_for_a_baseline() -> None:
    assert compare(accepting({IDENTITY: 6}, test=OTHER), run(result())).tests == ()


def test_two_baselines_are_compared() -> None:
    comparison = compare(accepting({IDENTITY: 6}), accepting({IDENTITY: 60}))
    assert changes(comparison) == {TEST: Change.WORSE}
    assert changes(compare(accepting({IDENTITY: 6}), Baseline())) == {TEST: Change.BETTER}
