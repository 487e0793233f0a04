"""Findings and results of tests as JSON values, and back."""

from collections.abc import Iterable, Mapping
from typing import Any

from querysafe.analysis.registry import rule
from querysafe.errors import QuerysafeError
from querysafe.finding import Finding, Rule, Severity, Verdict
from querysafe.query import CallSite
from querysafe.recording import TestResult


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """Render a finding; the keys of the contract come first."""
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
        "imports": list(finding.imports),
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


def finding_from_json(each: Mapping[str, Any]) -> Finding:
    """Read what :func:`finding_to_json` wrote; what the contract does not ask for may be absent.

    Raises :class:`KeyError`, :class:`TypeError` or :class:`ValueError` for anything else.
    """
    return Finding(
        nodeid=each["nodeid"],
        rule=_rule(each),
        label=each["label"],
        count=each["count"],
        message=each.get("message", ""),
        call_sites=tuple(_site(site) for site in each["call_sites"]),
        parent=_site(each["parent"]) if each["parent"] else None,
        cure=each["cure"],
        imports=tuple(each.get("imports", ())),
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


def test_to_json(test: TestResult) -> dict[str, Any]:
    """Render a test without its findings; the keys of the contract come first."""
    return {
        "nodeid": test.nodeid,
        "queries": test.queries,
        "database_seconds": round(test.database_seconds, 6),
        "outcome": test.outcome,
        "shapes": dict(test.shapes),
        "texts": dict(test.texts),
        "plans": dict(test.plans),
    }


def test_from_json(each: Mapping[str, Any], findings: Iterable[Finding]) -> TestResult:
    """Read what :func:`test_to_json` wrote.

    Raises :class:`KeyError`, :class:`TypeError` or :class:`ValueError` for anything else.
    """
    return TestResult(
        nodeid=each["nodeid"],
        queries=int(each["queries"]),
        database_seconds=float(each["database_seconds"]),
        outcome=each["outcome"],
        findings=tuple(findings),
        shapes=each.get("shapes", {}),
        texts=each.get("texts", {}),
        plans=each.get("plans", {}),
    )


def _site(value: Mapping[str, Any]) -> CallSite:
    return CallSite(path=value["path"], line=int(value["line"]), function=value["function"])


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
