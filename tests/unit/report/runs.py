"""Runs to report on, and the recordings of their tests."""

from collections.abc import Mapping
from typing import Any

from querysafe.analysis.registry import rule
from querysafe.finding import Finding, Verdict
from querysafe.fingerprint import fingerprint
from querysafe.params import ParamsPolicy as Policy
from querysafe.params import keep
from querysafe.query import CallSite, CapturedQuery, Context, Kind, Loading, OrmCause
from querysafe.recording import Recording, RunResult, TestResult

ORDERS = "tests/test_orders.py::test_list"
HOSTILE = (
    "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> | `x` **b** "
    "::error::no%0A @everyone \x1b[31mred\r\n\u2028\u202e$x$ "
)
"""Everything that some format would obey."""


def site(path: str = "app/orders.py", line: int = 10, function: str = "list_orders") -> CallSite:
    return CallSite(path=path, line=line, function=function)


def finding(name: str = "QS101", count: int = 6, **fields: Any) -> Finding:
    values: dict[str, Any] = {
        "nodeid": ORDERS,
        "label": "Order.lines",
        "message": f"Order.lines is loaded row by row: {count} queries",
        "call_sites": (site(),),
        "parent": site(line=8),
        "cure": "select(Order).options(selectinload(Order.lines))",
        "statement": "SELECT line.id, line.order_id \nFROM line \nWHERE ? = line.order_id",
        "fingerprint": "0123456789ab",
        "seconds": 0.0042,
        "queries": tuple(range(1, count + 1)),
    }
    return Finding(rule=rule(name), count=count, **(values | fields))


def result(nodeid: str, *findings: Finding, **fields: Any) -> TestResult:
    values: dict[str, Any] = {"queries": 8, "database_seconds": 0.0125, "outcome": "passed"}
    return TestResult(nodeid=nodeid, findings=findings, **(values | fields))


def run(*tests: TestResult, **fields: Any) -> RunResult:
    return RunResult(tests=tuple(sorted(tests, key=lambda test: test.nodeid)), **fields)


def mixed() -> RunResult:
    """Findings of every sort that a report has to find words for."""
    api, page, graph = (f"tests/test_{name}.py" for name in ("api", "page", "graph"))
    columns = ", ".join(f"translation.column_{number}" for number in range(40))
    nested = finding(
        label="Line.product",
        count=57,
        message="Line.product is loaded row by row: 57 queries",
        call_sites=(site(line=11), site(line=12), site("app/mail.py", 3, "send"), site(line=40)),
        cure="select(Order).options(\n"
        "    selectinload(Order.lines).selectinload(Line.product.of_type(Book))\n"
        ")",
    )
    response_model = finding(
        nodeid=f"{api}::test_users",
        label="User.roles",
        message="User.roles is loaded row by row: 6 queries",
        call_sites=(site("app/api.py", 21, "users"),),
        parent=site("app/api.py", 23, "users"),
        request="GET /users",
    )
    nowhere = finding(
        "QS301",
        count=31,
        nodeid=f"{api}::test_users",
        label="budget",
        message="31 queries, the budget is 20",
        call_sites=(),
        parent=None,
        cure="",
        advice="load what the test needs with fewer queries, or raise the budget",
        statement="",
        fingerprint="",
    )
    template = finding(
        nodeid=f"{page}::test_page[äöü-日本語]",
        call_sites=(site("app/templates/orders.html", 7, "block 'content'"),),
    )
    graphql = finding(
        nodeid=f"{graph}::test_tree",
        label="Concept.translations",
        message="Concept.translations is loaded row by row: 6 queries",
        request="POST /graphql",
        graphql_path="concepts[].translations",
        statement=f"SELECT {columns} \nFROM translation \nWHERE translation.concept_id = $1::INTEGER",
    )
    worse = finding(
        count=60,
        nodeid=f"{page}::test_worse",
        message="Order.lines is loaded row by row: 60 queries",
        call_sites=(site(line=90, function="export"),),
        verdict=Verdict.WORSE,
        accepted_count=6,
    )
    accepted = finding(
        nodeid=f"{page}::test_old",
        call_sites=(site(line=70),),
        verdict=Verdict.ACCEPTED,
        accepted_count=6,
    )
    suppressed = finding(
        "QS204",
        nodeid=f"{page}::test_old",
        label="Order",
        message="Order: all rows are loaded, and only their number is used",
        verdict=Verdict.SUPPRESSED,
        reason="the list is short",
    )
    return run(
        result(ORDERS, finding(), nested, queries=64, database_seconds=1.25),
        result(f"{api}::test_users", response_model, nowhere, queries=31, outcome="failed"),
        result(template.nodeid, template),
        result(graphql.nodeid, graphql),
        result(f"{page}::test_worse", worse, finding(nodeid=f"{page}::test_worse"), queries=61),
        result(f"{page}::test_old", accepted, suppressed),
        result(
            "tests/test_page.py::test_skipped", queries=0, database_seconds=0.0, outcome="skipped"
        ),
        mode="check",
        stale=("tests/test_orders.py::test_gone: QS101 Order.lines app/orders.py::list_orders",),
        improved=("tests/test_orders.py::test_list: QS103 Order by key: 60 accepted, now 6",),
        notes=("baseline querysafe-baseline: 2 files changed",),
    )


def hostile() -> RunResult:
    nodeid = f"tests/test_evil.py::test_evil[{HOSTILE}]"
    evil = finding(
        nodeid=nodeid,
        label=HOSTILE,
        message=HOSTILE,
        call_sites=(site(f"app/{HOSTILE}.py", 3, HOSTILE),),
        parent=site(f"app/{HOSTILE}.py", 2, HOSTILE),
        cure=f"select('''{HOSTILE}```''')",
        advice=HOSTILE,
        statement=f"SELECT '{HOSTILE}'",
        graphql_path=HOSTILE,
        request=HOSTILE,
    )
    silent = finding(
        nodeid=nodeid,
        label=HOSTILE * 2,
        verdict=Verdict.SUPPRESSED,
        reason=HOSTILE,
        cure="",
        advice=HOSTILE,
    )
    return run(
        result(nodeid, evil, silent), stale=(HOSTILE,), improved=(HOSTILE,), notes=(HOSTILE,)
    )


RUNS: Mapping[str, RunResult] = {
    "empty": run(),
    "quiet": run(result("tests/test_orders.py::test_one", queries=2)),
    "mixed": mixed(),
    "hostile": hostile(),
}


def query(statement: str, index: int, **fields: Any) -> CapturedQuery:
    context = fields.pop("context", {})
    values: dict[str, Any] = {
        "fingerprint": fingerprint(statement),
        "kind": Kind.SELECT,
        "params": keep({"id": index}, Policy.KEEP),
        "started_seconds": index * 0.002,
        "duration_seconds": 0.001,
        "rowcount": 1,
        "call_site": site(),
        "index": index,
        "context": Context(test=ORDERS, phase="call", engine="postgresql+psycopg", **context),
    }
    return CapturedQuery(statement=statement, **(values | fields))


def orders_recording(name: str = ORDERS) -> Recording:
    """Orders, the lines of six of them, one insert in set-up."""
    parents = query(
        "SELECT orders.id, orders.customer_id, orders.placed_on, orders.total FROM orders",
        0,
        rowcount=6,
        call_site=site(line=8),
        orm_cause=OrmCause(loading=Loading.STATEMENT, entity="Order"),
    )
    lines = [
        query(
            "SELECT line.id, line.order_id \nFROM line \nWHERE %(param_1)s = line.order_id",
            number,
            orm_cause=OrmCause(
                loading=Loading.LAZY, path=("Order.lines",), owner=f"Order({number},)"
            ),
            parent=site(line=8),
            parent_index=0,
        )
        for number in range(1, 7)
    ]
    setup = query(
        "INSERT INTO orders VALUES (%(id)s)",
        7,
        kind=Kind.INSERT,
        call_site=None,
        orm_cause=OrmCause(loading=Loading.FLUSH),
    )
    return Recording(name=name, queries=(parents, *lines, setup))
