"""Findings as SARIF 2.1.0, which code scanning services read.

Source: OASIS, "Static Analysis Results Interchange Format Version 2.1.0".
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from querysafe import __version__
from querysafe.analysis.registry import RULES
from querysafe.finding import Finding, Rule, Severity, Verdict
from querysafe.query import CallSite
from querysafe.recording import RunResult
from querysafe.report.grouping import groups, place

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def to_sarif(run: RunResult, rules: Sequence[Rule] = RULES) -> dict[str, Any]:
    """One run with every finding; accepted and suppressed ones carry a suppression."""
    positions = {rule.id: index for index, rule in enumerate(rules)}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "querysafe",
                        "semanticVersion": __version__,
                        "rules": [_rule(rule) for rule in rules],
                    }
                },
                "columnKind": "utf16CodeUnits",
                "originalUriBaseIds": {"ROOT": {"description": {"text": "pytest's rootdir"}}},
                "results": [
                    _result(group.worst, group.tests, positions.get(group.worst.rule.id))
                    for group in groups(run.findings)
                ],
            }
        ],
    }


def render(run: RunResult, rules: Sequence[Rule] = RULES) -> str:
    """The text of a ``.sarif`` file."""
    text = json.dumps(to_sarif(run, rules), indent=1, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    name = "".join(part.capitalize() for part in rule.name.split("-"))
    return {
        "id": rule.id,
        "name": name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": f"{rule.condition} {rule.effect}"},
        "help": {"text": rule.cure, "markdown": rule.cure},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": ["performance", "sqlalchemy"]},
    }


def _result(finding: Finding, tests: tuple[str, ...], position: int | None) -> dict[str, Any]:
    message = finding.message
    if finding.cure:
        message += f"\n\nCure:\n{finding.code}"
    result: dict[str, Any] = {
        "ruleId": finding.rule.id,
        "level": _LEVELS[finding.severity],
        "message": {"text": message},
        "locations": [_location(place(finding))],
        "partialFingerprints": {
            "querysafe/v1": hashlib.sha256(
                finding.identity.encode("utf-8", "backslashreplace")
            ).hexdigest()[:32]
        },
        "properties": {
            "count": finding.count,
            "label": finding.label,
            "tests": list(tests),
            "statement": finding.statement,
        },
    }
    if position is not None:
        result["ruleIndex"] = position
    related = []
    if finding.parent is not None:
        related.append(_location(finding.parent, "the query that loaded the rows"))
    related += [_location(site, "sent from here, too") for site in finding.call_sites[1:]]
    if related:
        result["relatedLocations"] = [{**each, "id": at} for at, each in enumerate(related)]
    if finding.verdict in (Verdict.ACCEPTED, Verdict.SUPPRESSED):
        inline = finding.verdict is Verdict.SUPPRESSED
        result["suppressions"] = [
            {
                "kind": "inSource" if inline else "external",
                "justification": finding.reason or "accepted by the baseline",
            }
        ]
    return result


def _location(site: CallSite, message: str = "") -> dict[str, Any]:
    uri = quote(site.path, errors="backslashreplace")
    artifact: dict[str, Any] = {"uri": uri if not site.path.startswith("/") else f"file://{uri}"}
    if not site.path.startswith("/"):
        artifact["uriBaseId"] = "ROOT"
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": artifact,
            "region": {"startLine": max(1, site.line)},
        },
        "logicalLocations": [{"name": site.function, "kind": "function"}] if site.function else [],
    }
    if message:
        location["message"] = {"text": message}
    return location
