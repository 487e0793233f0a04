"""The marker ``querysafe``: budgets, allowances with a reason, and mistakes in writing it."""

import pytest

from tests.plugin.conftest import Project

HEAD = "import pytest\nimport shop\n\n"


def _naive(marker: str, name: str = "test_a") -> str:
    return f"{marker}\ndef {name}(session):\n    shop.products(session)\n\n"


@pytest.mark.parametrize(
    ("arguments", "passes"),
    [
        ("max_queries=4, allow='QS101', reason='small'", True),
        ("max_queries=3, allow='QS101', reason='small'", False),
        ("max_seconds=60, allow='QS101', reason='small'", True),
        ("max_seconds=0, allow='QS101', reason='small'", False),
        ("threshold=4", True),
        ("threshold=3", False),
        ("allow=['n-plus-one'], reason='small'", True),
        ("allow=['Order.lines'], reason='small'", True),
        ("allow=['Order.*'], reason='small'", True),
        ("allow=['QS101 Order.lines'], reason='small'", True),
        ("allow=['shop.py'], reason='small'", True),
        ("allow=['QS102', 'Line.order'], reason='small'", False),
    ],
)
def test_the_marker_of_a_function_decides(project: Project, arguments: str, passes: bool) -> None:
    project.write("test_shop.py", HEAD + _naive(f"@pytest.mark.querysafe({arguments})"))
    result = project.run("--querysafe=check")
    result.assert_outcomes(passed=int(passes), failed=int(not passes))


def test_markers_of_class_and_module_apply_and_the_nearest_budget_wins(project: Project) -> None:
    project.write(
        "test_shop.py",
        HEAD
        + """
pytestmark = pytest.mark.querysafe(max_queries=1)

@pytest.mark.querysafe(allow=["Order.lines"], reason="the class is small", max_queries=4)
class TestSmall:
    def test_within(self, session):
        shop.products(session)

    @pytest.mark.querysafe(max_queries=2)
    def test_beyond(self, session):
        shop.products(session)

def test_module(session):
    shop.products_at_once(session)
""",
    )
    content = project.report()
    told = {
        (each["nodeid"].rpartition("::")[2], each["rule"], each["verdict"])
        for each in content["findings"]
    }
    assert told == {
        ("test_within", "QS101", "suppressed"),
        ("test_beyond", "QS101", "suppressed"),
        ("test_beyond", "QS301", "new"),
        ("test_module", "QS301", "new"),
    }
    reasons = {each["reason"] for each in content["findings"] if each["verdict"] == "suppressed"}
    assert reasons == {"the class is small"}


@pytest.mark.parametrize(
    ("arguments", "told", "hint"),
    [
        ("max_query=3", 'has no argument "max_query"', 'did you mean "max_queries"'),
        ("3", "has a positional argument", "@pytest.mark.querysafe(max_queries=3)"),
        ("max_queries='3'", "has max_queries='3'", "write a whole number from 0 on: max_queries=3"),
        ("max_queries=-1", "has max_queries=-1", "write a whole number"),
        ("threshold=1", "has threshold=1", "write a whole number from 2 on"),
        ("max_seconds=True", "has max_seconds=True", "write a number"),
        ("allow=3, reason='x'", "has allow=3", 'allow=["QS101", "Order.lines"]'),
        ("allow=[''], reason='x'", "has allow=['']", 'allow=["QS101", "Order.lines"]'),
        ("allow=['QS101'], reason=3", "has reason=3", 'reason="three lines at most"'),
    ],
)
def test_a_mistake_in_the_marker_is_named_with_what_to_type(
    project: Project, arguments: str, told: str, hint: str
) -> None:
    project.write(
        "test_shop.py", HEAD + f"@pytest.mark.querysafe({arguments})\ndef test_a():\n    pass\n"
    )
    reported = project.run()
    reported.assert_outcomes(passed=1)
    checked = project.run("--querysafe=check")
    checked.assert_outcomes(errors=1)
    for text in (reported.stdout.str(), checked.stdout.str()):
        assert f"the marker querysafe of test_shop.py::test_a {told}" in text
        assert hint in text


def test_an_allowance_without_a_reason_holds_and_is_named(project: Project) -> None:
    project.write("test_shop.py", HEAD + _naive("@pytest.mark.querysafe(allow=['QS101'])"))
    result = project.run("--querysafe=check")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["test_shop.py::test_a: the marker allows without a reason*"])


STALE = (
    HEAD
    + """
pytestmark = pytest.mark.querysafe(allow=["QS101", "QS104"], reason="all of them are small")

@pytest.mark.querysafe(allow=["Order.lines"], reason="once it was naive")
@pytest.mark.parametrize("number", [1, 2])
def test_cured(session, number):
    shop.products_at_once(session)

@pytest.mark.querysafe(allow=["Order.lines"], reason="small")
@pytest.mark.parametrize("cured", [True, False])
def test_half(session, cured):
    shop.products_at_once(session) if cured else shop.products(session)

@pytest.mark.querysafe(allow=["QS105"], reason="one never knows")
def test_skipped():
    pytest.skip()
"""
)


def test_an_allowance_that_matches_nothing_any_more_is_named(project: Project) -> None:
    project.write("test_shop.py", STALE)
    notes = project.report("-k", "not skipped")["notes"]
    assert notes == [
        "test_shop.py::test_cured: allow 'Order.lines' matches nothing any more; remove it"
    ]
    project.edit("test_shop.py", "    pytest.skip()", "    pass")
    assert project.report()["notes"] == [
        "test_shop.py: allow 'QS104' matches nothing any more; remove it",
        "test_shop.py::test_cured: allow 'Order.lines' matches nothing any more; remove it",
        "test_shop.py::test_skipped: allow 'QS105' matches nothing any more; remove it",
    ]


def test_an_allowance_of_the_settings_is_stale_only_after_the_whole_suite(project: Project) -> None:
    project.write("pyproject.toml", '[tool.querysafe]\nallow = ["Order.lines", "QS104"]\n')
    project.write("test_shop.py", HEAD + _naive(""))
    project.write(
        "test_other.py", HEAD + "def test_b(session):\n    shop.products_at_once(session)\n"
    )
    line = "the setting allow: 'QS104' matches nothing any more; remove it"
    assert project.report()["notes"] == [line]
    assert project.report("test_other.py")["notes"] == []
    assert project.report("-k", "test_b")["notes"] == []
