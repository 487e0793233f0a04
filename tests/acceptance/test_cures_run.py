"""Cures of the corpus, pasted into the cases: they run, the answers stay, the findings go."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.acceptance.corpus.pasting import edits, paste
from tests.acceptance.corpus.runner import CASES, CONFIG

FILES = (
    "corpus_authors.py",
    "corpus_lessons.py",
    "corpus_library.py",
    "corpus_market.py",
    "corpus_sensors.py",
    "corpus_staff.py",
)


def _run(root: Path, *files: str) -> tuple[dict[str, Any], str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--querysafe-json=report.json", *files],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    report: dict[str, Any] = json.loads((root / "report.json").read_text())
    return report, done.stdout


def _copy(root: Path) -> Path:
    shutil.copytree(CASES, root, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "pytest.ini").write_text(CONFIG)
    return root


def test_cures_pasted_into_the_cases_run_keep_the_answers_and_end_the_findings(
    tmp_path: Path,
) -> None:
    before, _ = _run(_copy(tmp_path / "before"), *FILES)
    findings = before["findings"]
    cured = _copy(tmp_path / "cured")
    pasted = edits(cured, findings)
    paste(cured, pasted)
    after, said = _run(cured, *FILES)
    assert [each["nodeid"] for each in after["tests"] if each["outcome"] != "passed"] == [], said
    left = {(each["nodeid"], each["rule"], each["label"]) for each in after["findings"]}
    assert [
        findings[edit.finding]["cure"]
        for edit in pasted
        if edit.cures and _identity(findings[edit.finding]) in left
    ] == []
    assert sum(edit.cures for edit in pasted) >= 55
    assert len(pasted) >= 85


def test_a_wrong_cure_leaves_its_finding(tmp_path: Path) -> None:
    before, _ = _run(_copy(tmp_path / "before"), "corpus_library.py")
    wrong = [
        each | {"cure": each["cure"].replace("undefer", "defer")}
        for each in before["findings"]
        if each["rule"] == "QS102"
    ]
    cured = _copy(tmp_path / "cured")
    paste(cured, edits(cured, wrong))
    after, _ = _run(cured, "corpus_library.py")
    assert "orm.defer" in (cured / "library" / "repository.py").read_text()
    assert {_identity(each) for each in wrong} <= {_identity(each) for each in after["findings"]}


def _identity(finding: dict[str, Any]) -> tuple[str, str, str]:
    return finding["nodeid"], finding["rule"], finding["label"]
