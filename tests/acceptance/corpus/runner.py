"""Runs the corpus under the plugin and prints how the findings differ from the expected ones."""

import argparse
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.acceptance.corpus.judge import FAILURES, Remark, judge
from tests.acceptance.corpus.markers import Case, read_cases

HERE = Path(__file__).parent
CASES = HERE / "cases"
CONFIG = """\
[pytest]
python_files = corpus_*.py policy_*.py
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
markers =
    querysafe: what querysafe is told about a test
"""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a whole run of the corpus showed."""

    cases: Mapping[str, Case]
    remarks: list[Remark] = field(default_factory=list)
    false_when_grown: list[Remark] = field(default_factory=list)

    @property
    def failures(self) -> list[Remark]:
        return [remark for remark in self.remarks if remark.sort in FAILURES]

    def passed(self, kind: str) -> int:
        """Count the cases of a kind without any failure."""
        failed = {remark.case.slug for remark in self.failures}
        return sum(
            1 for slug, case in self.cases.items() if case.kind == kind and slug not in failed
        )

    def total(self, kind: str) -> int:
        return sum(1 for case in self.cases.values() if case.kind == kind)


def run_corpus(keyword: str = "", *, grow: bool = False, mode: str = "report") -> Outcome:
    """Run the cases whose slug or file contains the keyword, and judge them."""
    cases = {
        slug: case
        for slug, case in read_cases(CASES).items()
        if keyword in slug or keyword in case.path
    }
    outcome = Outcome(cases=cases)
    with tempfile.TemporaryDirectory(prefix="corpus-") as name:
        root = Path(name) / "project"
        shutil.copytree(CASES, root, ignore=shutil.ignore_patterns("__pycache__"))
        (root / "pytest.ini").write_text(CONFIG)
        groups: dict[tuple[str, ...], list[Case]] = defaultdict(list)
        for case in cases.values():
            if case.kind != "policy":
                groups[case.options].append(case)
        for options, group in groups.items():
            findings, ran = _findings(root, group, (f"--querysafe={mode}", *options))
            for case in group:
                if case.slug not in ran:
                    outcome.remarks.append(Remark(sort="not run", case=case, text="did not pass"))
                else:
                    outcome.remarks += judge(case, findings[case.slug])
        if grow:
            good = [case for case in cases.values() if case.kind in ("good", "hard-good")]
            findings, _ = _findings(root, good, (f"--querysafe={mode}", "--querysafe-grow"))
            for case in good:
                outcome.false_when_grown += judge(case, findings[case.slug])
        outcome.remarks += _policies(
            root, [case for case in cases.values() if case.kind == "policy"]
        )
    return outcome


def run_plain(keyword: str = "", extra: Sequence[str] = ()) -> int:
    """Run the cases without the plugin, to see that they are sound themselves."""
    cases = [
        case
        for case in read_cases(CASES).values()
        if case.kind != "policy" and (keyword in case.slug or keyword in case.path)
    ]
    with tempfile.TemporaryDirectory(prefix="corpus-") as name:
        root = Path(name) / "project"
        shutil.copytree(CASES, root, ignore=shutil.ignore_patterns("__pycache__"))
        (root / "pytest.ini").write_text(CONFIG)
        done = _pytest(root, cases, ("-p", "no:querysafe", "-W", "error", *extra), plugin=False)
    print(done.stdout[-20000:])
    return done.returncode


def _findings(
    root: Path, cases: Iterable[Case], options: Sequence[str]
) -> tuple[dict[str, list[Mapping[str, Any]]], set[str]]:
    report = root / "out.json"
    report.unlink(missing_ok=True)
    done = _pytest(root, cases, (f"--querysafe-json={report}", *options))
    if not report.exists():
        raise SystemExit(f"no report was written:\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}")
    content = json.loads(report.read_text())
    findings: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for finding in content["findings"]:
        findings[_slug(finding["nodeid"])].append(finding)
    ran = {_slug(test["nodeid"]) for test in content["tests"] if test["outcome"] == "passed"}
    return findings, ran


def _slug(nodeid: str) -> str:
    return nodeid.rpartition("::")[2].partition("[")[0].removeprefix("test_")


def _pytest(
    root: Path,
    cases: Iterable[Case],
    options: Sequence[str],
    *,
    plugin: bool = True,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    nodes = sorted({f"{case.path}::test_{case.slug}" for case in cases})
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
    registered = {each.name for each in importlib.metadata.entry_points(group="pytest11")}
    if plugin and "querysafe" not in registered:
        command += ["-p", "querysafe.pytest_plugin"]
    (root / "nodes.txt").write_text("\n".join(nodes))
    source = str(HERE.parents[2] / "plugin")
    paths = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH", ""))))
    return subprocess.run(
        [*command, *options, "@nodes.txt"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": paths, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def _policies(root: Path, cases: list[Case]) -> list[Remark]:
    if not cases:
        return []
    plain = [case for case in cases if case.detail in ("passes", "fails")]
    ratcheted = [case for case in cases if case.detail in ("accepted", "new")]
    outcomes = _outcomes(root, plain, ("--querysafe=check",), {})
    baseline = f"--querysafe-baseline={root / 'accepted'}"
    _outcomes(root, ratcheted, (baseline, "--querysafe-update"), {"CORPUS_RELEASE": "1"})
    second = {"CORPUS_RELEASE": "2"}
    outcomes |= _outcomes(root, ratcheted, (baseline, "--querysafe=check"), second)
    remarks = []
    for case in cases:
        passed = outcomes.get(case.slug)
        if passed is None:
            remarks.append(Remark(sort="not run", case=case, text="has no outcome"))
        elif passed != (case.detail in ("passes", "accepted")):
            text = f"{case.detail}, but it {'passed' if passed else 'failed'}"
            remarks.append(
                Remark(sort="false alarm" if not passed else "miss", case=case, text=text)
            )
    return remarks


def _outcomes(
    root: Path, cases: list[Case], options: Sequence[str], environment: Mapping[str, str]
) -> dict[str, bool]:
    """Tell which tests passed, by slug; one with an error beside its outcome did not."""
    if not cases:
        return {}
    report = root / "junit.xml"
    report.unlink(missing_ok=True)
    done = _pytest(root, cases, (*options, f"--junitxml={report}"), environment=environment)
    if not report.exists():
        raise SystemExit(f"pytest did not run:\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}")
    outcomes: dict[str, bool] = {}
    for element in ElementTree.parse(report).iter("testcase"):
        slug = _slug(element.attrib["name"])
        bad = element.find("failure") is not None or element.find("error") is not None
        outcomes[slug] = outcomes.get(slug, True) and not bad
    return outcomes


def render(outcome: Outcome) -> str:
    """Say it all as text: the differences first, the totals last."""
    lines = []
    for title, remarks in (
        ("", outcome.remarks),
        ("when grown: ", outcome.false_when_grown),
    ):
        for remark in sorted(remarks, key=lambda each: (each.sort, each.case.path)):
            where = f"{remark.case.path}::{remark.case.slug}"
            lines.append(f"{title}{remark.sort:13} {where}: {remark.text}")
    lines.append("")
    for kind in ("bad", "good", "hard-bad", "hard-good", "policy"):
        lines.append(f"{kind:10} {outcome.passed(kind):4} of {outcome.total(kind)}")
    counts = Counter(remark.sort for remark in outcome.remarks)
    lines.append(", ".join(f"{count} {sort}" for sort, count in sorted(counts.items())))
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; the status is 1 when something differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", dest="keyword", default="", help="part of a slug or file name")
    parser.add_argument("--grow", action="store_true", help="run good cases grown as well")
    parser.add_argument("--plain", action="store_true", help="run without the plugin")
    given, extra = parser.parse_known_args(arguments)
    if given.plain:
        return run_plain(given.keyword, extra)
    outcome = run_corpus(given.keyword, grow=given.grow)
    print(render(outcome))
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
