"""Small results, findings and baselines, and strategies for them."""

from typing import Any

from hypothesis import strategies as st

from querysafe.baseline import Accepted, Baseline
from querysafe.finding import Finding, Rule, Severity, Verdict
from querysafe.query import CallSite
from querysafe.recording import RunResult, TestResult

TEST = "tests/test_orders.py::test_list"
IDENTITY = "QS101 Order.lines app/orders.py::list_orders"


def rule(id: str = "QS101", severity: Severity = Severity.ERROR) -> Rule:
    return Rule(
        id=id, name="n-plus-one", severity=severity, summary="", condition="", effect="", cure=""
    )


def finding(count: int = 6, *, nodeid: str = TEST, line: int = 10, **fields: Any) -> Finding:
    site = CallSite(path="app/orders.py", line=line, function="list_orders")
    defaults: dict[str, Any] = {
        "rule": rule(),
        "label": "Order.lines",
        "message": "lines are loaded one by one",
        "call_sites": (site,),
    }
    return Finding(nodeid=nodeid, count=count, **(defaults | fields))


def suppressed(count: int = 6) -> Finding:
    return finding(count, verdict=Verdict.SUPPRESSED, reason="the list is short")


def note(count: int = 6) -> Finding:
    return finding(count, rule=rule("QS204", Severity.NOTE))


def result(*findings: Finding, nodeid: str = TEST, **fields: Any) -> TestResult:
    defaults: dict[str, Any] = {"queries": 10, "database_seconds": 0.01, "outcome": "passed"}
    return TestResult(nodeid=nodeid, findings=findings, **(defaults | fields))


def run(*results: TestResult) -> RunResult:
    return RunResult(tests=tuple(sorted(results, key=lambda test: test.nodeid)))


def accepting(
    findings: dict[str, int] | None = None, shapes: dict[str, int] | None = None, test: str = TEST
) -> Baseline:
    return Baseline(tests={test: Accepted(findings=findings or {}, shapes=shapes or {})})


WORDS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("|\\ \n\r#<=>"), min_size=1
)
MODULES = st.sampled_from(["tests/test_a.py", "tests/unit/test_b.py", "docs/page.md"])
NODEIDS = st.builds(lambda module, name: f"{module}::{name}", MODULES, WORDS)
COUNTS = st.integers(1, 99)
DIGITS = st.text("0123456789abcdef", min_size=12, max_size=12)


@st.composite
def accepted(draw: st.DrawFn) -> Accepted:
    shapes = draw(st.dictionaries(DIGITS, COUNTS, max_size=3))
    texts = {digits: draw(WORDS) for digits in shapes}
    findings = draw(st.dictionaries(WORDS, COUNTS, min_size=not shapes, max_size=3))
    return Accepted(findings=findings, shapes=shapes, texts=texts)


BASELINES = st.builds(
    lambda tests: Baseline(tests=tests), st.dictionaries(NODEIDS, accepted(), max_size=5)
)
