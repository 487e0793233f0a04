"""What the linter of revisions found, in every form."""

import json
from collections.abc import Sequence
from typing import Any

from querysafe.advice.revision.lint.linting import Linted
from querysafe.advice.revision.lint.registry import RULES
from querysafe.finding import Finding, Verdict
from querysafe.recording import RunResult, TestResult
from querysafe.report import github, sarif, text
from querysafe.report.grouping import plural
from querysafe.report.values import finding_to_json

FORMATS = ("text", "json", "github", "sarif")


def render(linted: Linted, form: str, *, width: int, color: bool, below: str = "") -> str:
    """The report in one of :data:`FORMATS`."""
    if form == "json":
        return json.dumps(to_json(linted), indent=2) + "\n"
    if form == "github":
        return github.render(_run(linted), below=below)
    if form == "sarif":
        return sarif.render(_run(linted), RULES)
    return _text(linted, width=width, color=color)


def to_json(linted: Linted) -> dict[str, Any]:
    """Render as JSON values: ``schema`` 1, ``findings``, ``files``."""
    return {
        "schema": 1,
        "findings": [finding_to_json(each) for each in linted.findings],
        "files": list(linted.files),
    }


def _run(linted: Linted) -> RunResult:
    by_file: dict[str, list[Finding]] = {path: [] for path in linted.files}
    for each in linted.findings:
        by_file[each.nodeid].append(each)
    return RunResult(
        tests=tuple(
            TestResult(
                nodeid=path,
                queries=0,
                database_seconds=0.0,
                outcome="passed",
                findings=tuple(findings),
            )
            for path, findings in by_file.items()
        )
    )


def _text(linted: Linted, *, width: int, color: bool) -> str:
    open_findings = [each for each in linted.findings if each.verdict is Verdict.NEW]
    suppressed = [each for each in linted.findings if each.verdict is Verdict.SUPPRESSED]
    told = text.listed(open_findings, width=width, color=color)
    counted = [
        f"{plural(len(open_findings), 'finding')} in {plural(len(linted.files), 'revision')}"
    ]
    if suppressed:
        counted.append(f"{len(suppressed)} allowed in writing")
    return told + ", ".join(counted) + _cut_short(open_findings) + "\n"


def _cut_short(findings: Sequence[Finding]) -> str:
    return "\nallow one: # querysafe: allow QS501 why it is meant" if findings else ""
