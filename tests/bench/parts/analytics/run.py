"""TPC-H within 150 MB and TPC-DS within 300 MB at scale 1, each adviser's indexes really built."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from querysafe.advice.sources import gather
from querysafe.cli.advise.opening import opened
from querysafe.postgres import server
from querysafe.profile.witnessing import witnessed
from tests.bench.part import Options, Table
from tests.bench.parts.advice.run import KEEP
from tests.bench.parts.advice.scoring import Built
from tests.bench.parts.analytics import rivals
from tests.bench.parts.analytics.data import Analytics, analytics

BUDGETS_MB = {"tpch": 150, "tpcds": 300}
"""At scale 1; a smaller scale has its part of it."""
SECONDS = 180.0
"""The longest that our advice may take, on two cores."""
PATIENCE_SECONDS = 300.0
"""After so long a rival keeps what it has."""
QUICK = 0.1
"""Scale of a look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    indexes: Sequence[str]
    seconds: float


def run(options: Options) -> Sequence[Table]:
    """Measure both, or the one named."""
    kept = os.environ.get(KEEP)
    scale = QUICK if options.quick else 1
    with server(kind="embedded", shared=Path(kept) if kept else None) as cluster:
        tables = []
        for name, whole in BUDGETS_MB.items():
            if options.only in name:
                subject = analytics(name, f"{scale:g}", cluster, options.root, options.progress)
                tables.append(_table(name, scale, subject, whole * scale, options))
        return tables


def _table(name: str, scale: float, subject: Analytics, budget: float, options: Options) -> Table:
    built = Built(subject.url, [(1, sql, [[]]) for sql in subject.queries], ())
    rows, means, misses = [], {}, []
    try:
        for adviser, ask in _advisers(subject, budget):
            options.progress(f"{name}: {adviser}")
            advice = ask()
            score = built.score(advice.indexes)
            means[adviser] = score.mean
            rows.append(
                {
                    "adviser": adviser,
                    "times cheaper": score.mean,
                    "MB": score.megabytes,
                    "twice as cheap": score.twice,
                    "indexes": len(advice.indexes),
                    "unused": len(score.unused),
                    "seconds": advice.seconds,
                }
            )
            if adviser == "querysafe":
                if score.megabytes > budget:
                    misses.append(f"{name}: {score.megabytes:.0f} MB of {budget:.0f} MB")
                if advice.seconds > SECONDS:
                    misses.append(f"{name}: {advice.seconds:.0f} s of {SECONDS:.0f} s")
    finally:
        built.close()
    best = max(means, key=lambda each: means[each])
    if best != "querysafe":
        misses.append(f"{name}: {means['querysafe']:.2f}x, and {best} {means[best]:.2f}x")
    title = f"{name}: {len(subject.queries)} queries, scale {scale:g}, within {budget:.0f} MB"
    return Table(title=title, rows=rows, misses=misses)


def _advisers(subject: Analytics, budget: float) -> Iterator[tuple[str, Callable[[], Advice]]]:
    yield "querysafe", lambda: _ours(subject, budget)
    yield "AutoAdmin", lambda: _rival(rivals.autoadmin, subject, budget)
    yield "Extend", lambda: _rival(rivals.extend, subject, budget)


def _ours(subject: Analytics, budget: float) -> Advice:
    with tempfile.TemporaryDirectory(prefix="querysafe-bench-") as folder:
        file = Path(folder) / "queries.sql"
        file.write_text(";\n".join(subject.queries) + ";\n")
        begun = time.monotonic()
        text = subprocess.run(
            [
                *(sys.executable, "-m", "querysafe", "advise", str(file)),
                *("--database", subject.url, "--budget-mb", f"{budget:g}", "--format", "sql"),
            ],
            check=True, stdout=subprocess.PIPE, text=True,
        ).stdout  # fmt: skip
    lines = [line for line in text.splitlines() if line.startswith("CREATE INDEX")]
    return Advice(indexes=lines, seconds=time.monotonic() - begun)


def _rival(
    choose: Callable[[rivals.Rival], Sequence[str]], subject: Analytics, budget: float
) -> Advice:
    workload = gather([witnessed(sql, source="bench", calls=1) for sql in subject.queries])
    begun = time.monotonic()
    with opened(subject.url, None, None, "auto") as planner:
        prepared = rivals.prepared(planner, workload, round(budget * 1e6), PATIENCE_SECONDS)
        chosen = choose(prepared)
    return Advice(indexes=chosen, seconds=time.monotonic() - begun)
