"""The JSON report: a contract (``schema`` 1) that other tools read, and we read back."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from querysafe.analysis.registry import rule
from querysafe.errors import QuerysafeError, RecordingError
from querysafe.finding import Finding, Rule, Severity, Verdict
from querysafe.query import CallSite
from querysafe.recording import RunResult, TestResult

SCHEMA = 1


def to_json(run: RunResult) -> dict[str, Any]:
    """Render a run as JSON values; the keys of the contract come first in each object."""
    return {
        "schema": SCHEMA,
        "mode": run.mode,
        "findings": [_finding(each) for each in run.findings],
        "tests": [_test(each) for each in run.tests],
        "recordings": run.recordings,
        "stale": list(run.stale),
        "improved": list(run.improved),
        "notes": list(run.notes),
    }


def render(run: RunResult) -> str:
    """Render a run as the text of a JSON file."""
    return json.dumps(to_json(run), indent=1, ensure_ascii=False) + "\n"


def read_json(path: Path) -> RunResult:
    """Read a report back.

    Raises :class:`RecordingError` when the file cannot be read or is no such report.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordingError(
            f'"{path}" cannot be read: {error}', hint="write it with pytest --querysafe-json=FILE"
        ) from None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        found = content.get("schema") if isinstance(content, dict) else None
        raise RecordingError(
            f'"{path}" is no report of schema {SCHEMA} (its schema is {found!r})',
            hint="write it with pytest --querysafe-json=FILE",
        )
    try:
        return _run(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordingError(
            f'"{path}" is damaged: {type(error).__name__}: {error}',
            hint="write it again with pytest --querysafe-json=FILE",
        ) from None


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "nodeid": finding.nodeid,
        "rule": finding.rule.id,
        "rule_name": finding.rule.name,
        "label": finding.label,
        "count": finding.count,
        "message": finding.message,
        "call_sites": [site.to_json() for site in finding.call_sites],
        "parent": finding.parent.to_json() if finding.parent else None,
        "cure": finding.cure,
        "advice": finding.advice,
        "statement": finding.statement,
        "fingerprint": finding.fingerprint,
        "severity": finding.severity.value,
        "verdict": finding.verdict.value,
        "accepted_count": finding.accepted_count,
        "reason": finding.reason,
        "graphql_path": finding.graphql_path,
        "request": finding.request,
        "seconds": round(finding.seconds, 6),
        "queries": list(finding.queries),
    }


def _test(test: TestResult) -> dict[str, Any]:
    return {
        "nodeid": test.nodeid,
        "queries": test.queries,
        "database_seconds": round(test.database_seconds, 6),
        "outcome": test.outcome,
        "shapes": dict(test.shapes),
        "texts": dict(test.texts),
    }


def _run(content: Mapping[str, Any]) -> RunResult:
    by_test: dict[str, list[Finding]] = {}
    for each in content["findings"]:
        by_test.setdefault(each["nodeid"], []).append(_read_finding(each))
    tests = tuple(
        TestResult(
            nodeid=each["nodeid"],
            queries=each["queries"],
            database_seconds=each["database_seconds"],
            outcome=each["outcome"],
            findings=tuple(by_test.get(each["nodeid"], ())),
            shapes=each.get("shapes", {}),
            texts=each.get("texts", {}),
        )
        for each in content["tests"]
    )
    return RunResult(
        tests=tests,
        mode=content.get("mode", "report"),
        recordings=content.get("recordings"),
        stale=tuple(content.get("stale", ())),
        improved=tuple(content.get("improved", ())),
        notes=tuple(content.get("notes", ())),
    )


def _read_finding(each: Mapping[str, Any]) -> Finding:
    return Finding(
        nodeid=each["nodeid"],
        rule=_rule(each),
        label=each["label"],
        count=each["count"],
        message=each.get("message", ""),
        call_sites=tuple(CallSite(**site) for site in each["call_sites"]),
        parent=CallSite(**each["parent"]) if each["parent"] else None,
        cure=each["cure"],
        advice=each.get("advice", ""),
        statement=each["statement"],
        fingerprint=each.get("fingerprint", ""),
        graphql_path=each.get("graphql_path", ""),
        request=each.get("request", ""),
        seconds=each.get("seconds", 0.0),
        queries=tuple(each.get("queries", ())),
        verdict=Verdict(each.get("verdict", "new")),
        accepted_count=each.get("accepted_count"),
        reason=each.get("reason", ""),
    )


def _rule(each: Mapping[str, Any]) -> Rule:
    """The rule by its id; one of a newer version is kept as far as the report tells of it."""
    try:
        return rule(each["rule"])
    except QuerysafeError:
        return Rule(
            id=each["rule"],
            name=each.get("rule_name", each["rule"]),
            severity=Severity(each["severity"]),
            summary=each.get("message", ""),
            condition="",
            effect="",
            cure="",
        )
