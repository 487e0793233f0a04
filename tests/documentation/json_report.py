"""The page of the JSON report: its keys as they are written, told by the fields they come from."""

import typing
from typing import Any

from querysafe.analysis.registry import RULES
from querysafe.finding import Finding, Verdict
from querysafe.query import CallSite
from querysafe.recording import RunResult, TestResult
from querysafe.report.json import to_json
from tests.documentation.docstrings import fields

CONTRACT = {
    "": ("schema", "findings", "tests"),
    "findings": (
        "nodeid",
        "rule",
        "label",
        "count",
        "call_sites",
        "parent",
        "cure",
        "statement",
        "severity",
    ),
    "tests": ("nodeid", "queries", "database_seconds", "outcome"),
}
"""What schema 1 promises; other keys may change with a minor version."""
TEXTS: dict[str, dict[str, str]] = {
    "": {
        "schema": "1. It changes when a promised key changes its meaning or goes.",
        "mode": "`report` or `check`.",
        "findings": "One object a finding, in the order of the tests.",
        "tests": "One object a test, sorted by node id; tests that did not run are absent.",
        "notes": "What else the run has to say, as lines to show.",
    },
    "findings": {
        "nodeid": "The test, as pytest names it.",
        "rule": "Id of the rule: `QS101`.",
        "rule_name": "Its name: `n-plus-one`.",
        "severity": "`error`, `warning` or `note`.",
        "verdict": "`new`, `worse`, `accepted` (by the baseline) or `suppressed` (in writing).",
        "fingerprint": "The statement's shape, equal on every SQLAlchemy and driver.",
        "graphql_path": 'Where a resolver stood: `concepts[].translations`; "" elsewhere.',
        "request": 'The request served: `GET /orders`; "" outside of one.',
    },
    "tests": {
        "nodeid": "As pytest names it.",
        "queries": "Round trips of the call phase.",
        "database_seconds": "Seconds that the call phase waited for the database.",
    },
}


def page() -> str:
    """Every key, marked when it is part of the contract."""
    site = CallSite(path="app/orders.py", line=12, function="list_orders")
    finding = Finding(
        nodeid="t", rule=RULES[0], label="l", count=2, message="m", call_sites=(site,)
    )
    test = TestResult(
        nodeid="t", queries=2, database_seconds=0.1, outcome="passed", findings=(finding,)
    )
    content = to_json(RunResult(tests=(test,)))
    assert set(Verdict) == {"new", "worse", "accepted", "suppressed"}
    parts = [
        "# The JSON report",
        "`pytest --querysafe-json=FILE` writes one object. On the command line it also means that "
        "nothing is enforced, whatever mode a file or variable sets; `--querysafe=check` beside it "
        "does both. Paths are relative to the root directory. Keys in **bold** are a contract: they keep name, "
        "type and meaning as long as `schema` is 1. Others may come and go; read them if they "
        "are there. `querysafe compare` and `querysafe report` read this file.",
        _table("", content, RunResult),
        "## A finding",
        _table("findings", content["findings"][0], Finding),
        'A call site is `{"path": "app/orders.py", "line": 12, "function": '
        '"list_orders"}`. `parent` is one too, or `null`.',
        "## A test",
        _table("tests", content["tests"][0], TestResult),
    ]
    return "\n\n".join(parts)


def _table(part: str, content: dict[str, Any], sort: type[Any]) -> str:
    told = fields(sort) | TEXTS[part]
    missing = [key for key in content if key not in told]
    assert not missing, f"nothing is said of {missing}"
    assert set(CONTRACT[part]) <= set(content)
    hints = typing.get_type_hints(sort)
    rows = ["| key | type | meaning |", "| --- | --- | --- |"]
    for key, value in content.items():
        name = f"**`{key}`**" if key in CONTRACT[part] else f"`{key}`"
        kind = _type(value)
        if type(None) in typing.get_args(hints.get(key)):
            kind = {"null": "number" if "count" in key else "string"}.get(kind, kind) + " or null"
        if key == "parent":
            kind = "call site or null"
        rows.append(f"| {name} | {kind} | {told[key]} |")
    return "\n".join(rows)


def _type(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "string", dict: "object"}
    return names.get(type(value), "array")
