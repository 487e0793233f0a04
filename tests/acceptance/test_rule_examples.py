"""Every rule has a bad example, which it names on the marked line, and a good one, which is clean."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from querysafe.advice.revision.lint.registry import RULES as REVISION_RULES
from querysafe.analysis.registry import RULES
from querysafe.report.rules import read_example

EXAMPLES = Path(__file__).parents[2] / "docs" / "rules"
IDS = [rule.id for rule in RULES]
PATIENT = "--querysafe-slow-seconds=30"
"""On a busy machine any query may be slow; the example that is about it says its own limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run over the examples reported, by path below ``docs/rules``."""

    findings: Mapping[str, list[dict[str, Any]]]
    outcomes: Mapping[str, str]
    printed: str


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """One run for each set of options that some example needs."""
    groups: dict[str, list[str]] = {}
    for rule in IDS:
        for name in ("bad", "good"):
            path = f"{rule}/{name}.py"
            options = read_example((EXAMPLES / path).read_text(encoding="utf-8")).options
            groups.setdefault(options, []).append(path)
    found: dict[str, Run] = {}
    for options, paths in groups.items():
        report = tmp_path_factory.mktemp("examples") / "report.json"
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                *("-rf", "-p", "no:cacheprovider", "-p", "no:randomly", "-W", "error"),
                "--querysafe=check",
                f"--querysafe-json={report}",
                PATIENT,
                *options.split(),
                *paths,
            ],
            cwd=EXAMPLES,
            capture_output=True,
            text=True,
            check=False,
        )
        assert report.exists(), done.stdout + done.stderr
        content = json.loads(report.read_text(encoding="utf-8"))
        findings: dict[str, list[dict[str, Any]]] = {path: [] for path in paths}
        for each in content["findings"]:
            findings[each["nodeid"].partition("::")[0]].append(each)
        outcomes = {each["nodeid"].partition("::")[0]: each["outcome"] for each in content["tests"]}
        run = Run(findings=findings, outcomes=outcomes, printed=done.stdout)
        found |= dict.fromkeys(paths, run)
    return found


def test_every_rule_has_a_bad_and_a_good_example_and_nothing_else_is_there() -> None:
    present = {path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.glob("QS*/*.py")}
    every = [*IDS, *(rule.id for rule in REVISION_RULES)]
    assert present == {f"{rule}/{name}.py" for rule in every for name in ("bad", "good")}


@pytest.mark.parametrize("rule", IDS)
def test_the_bad_example_has_exactly_this_finding_on_the_marked_line(
    rule: str, runs: dict[str, Run]
) -> None:
    path = f"{rule}/bad.py"
    run = runs[path]
    lines = (EXAMPLES / path).read_text(encoding="utf-8").splitlines()
    (marked,) = (number for number, line in enumerate(lines, 1) if line.endswith(f"# {rule}"))
    assert run.outcomes[path] == "passed", run.printed
    (finding,) = run.findings[path]
    assert finding["rule"] == rule, finding
    assert (finding["call_sites"][0]["path"], finding["call_sites"][0]["line"]) == (path, marked)
    fails_in_check = f"FAILED {path}::" in run.printed
    assert fails_in_check, run.printed


@pytest.mark.parametrize("rule", IDS)
def test_the_good_example_passes_without_any_finding(rule: str, runs: dict[str, Run]) -> None:
    path = f"{rule}/good.py"
    assert runs[path].outcomes[path] == "passed", runs[path].printed
    assert runs[path].findings[path] == []
