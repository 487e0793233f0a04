"""TPC-H within 150 MB and TPC-DS within 300 MB at scale 1, each adviser's indexes really built.

TPC-H comes twice: with its primary keys, and bare, as published advisers are measured.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from querysafe.advice.sources import gather
from querysafe.cli.advise.opening import opened
from querysafe.profile.witnessing import witnessed
from tests.bench.part import Options, Table
from tests.bench.parts.advice.scoring import Built, Score
from tests.bench.parts.analytics import rivals
from tests.bench.parts.analytics.data import Analytics, analytics
from tests.bench.servers import has_hypopg, measured

OURS, LIVE = "querysafe", "querysafe --live"
BUDGETS_MB = {"tpch": 150, "tpch-bare": 150, "tpcds": 300}
"""At scale 1; a smaller scale has its part of it."""
SECONDS = 180.0
"""The longest that our advice may take, on two cores."""
PATIENCE_SECONDS, IMPATIENCE_SECONDS = 300.0, 60.0
"""After so long a rival keeps what it has; the second in a look."""
QUICK = 0.1
"""Scale of a look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    indexes: Sequence[str]
    seconds: float


def run(options: Options) -> Sequence[Table]:
    """Measure both, or the one named."""
    scale = QUICK if options.quick else 1
    with measured(options) as cluster:
        tables = []
        for name, whole in BUDGETS_MB.items():
            if options.only in name:
                subject = analytics(name, f"{scale:g}", cluster, options.root, options.progress)
                tables.append(_table(name, scale, subject, whole * scale, options))
        return tables


def _table(name: str, scale: float, subject: Analytics, budget: float, options: Options) -> Table:
    advices: dict[str, Advice] = {}
    subject.without_indexes()
    patience = IMPATIENCE_SECONDS if options.quick else PATIENCE_SECONDS
    for adviser, ask in _advisers(subject, budget, patience):
        options.progress(f"{name}: {adviser} is asked")
        advices[adviser] = ask()
    built = Built(subject.url, [(1, sql, [[]]) for sql in subject.queries], ())
    options.progress(f"{name}: all indexes are built")
    try:
        scores = {adviser: built.score(advice.indexes) for adviser, advice in advices.items()}
    finally:
        built.close()
        subject.without_indexes()
    rows = [
        {
            "adviser": adviser,
            "times cheaper": score.mean,
            "MB": score.megabytes,
            "twice as cheap": score.twice,
            "indexes": len(advices[adviser].indexes),
            "unused": len(score.unused),
            "seconds": advices[adviser].seconds,
        }
        for adviser, score in scores.items()
    ]
    title = f"{name}: {len(subject.queries)} queries, scale {scale:g}, within {budget:.0f} MB"
    return Table(title=title, rows=rows, misses=list(_misses(name, budget, scores, advices)))


def _misses(
    name: str, budget: float, scores: Mapping[str, Score], advices: Mapping[str, Advice]
) -> Iterator[str]:
    own, seconds = scores[OURS], advices[OURS].seconds
    if own.megabytes > budget:
        yield f"{name}: {own.megabytes:.0f} MB of {budget:.0f} MB"
    if seconds > SECONDS:
        yield f"{name}: {seconds:.0f} s of {SECONDS:.0f} s"
    for adviser, score in scores.items():
        if score.mean > own.mean and adviser != LIVE:
            yield f"{name}: {own.mean:.2f}x, and {adviser} {score.mean:.2f}x"


def _advisers(
    subject: Analytics, budget: float, patience: float
) -> Iterator[tuple[str, Callable[[], Advice]]]:
    yield OURS, lambda: _ours(subject, budget)
    if has_hypopg(subject.url):
        yield LIVE, lambda: _ours(subject, budget, "--live")
    yield "AutoAdmin", lambda: _rival(rivals.autoadmin, subject, budget, patience)
    yield "Extend", lambda: _rival(rivals.extend, subject, budget, patience)


def _ours(subject: Analytics, budget: float, *more: str) -> Advice:
    with tempfile.TemporaryDirectory(prefix="querysafe-bench-") as folder:
        file = Path(folder) / "queries.sql"
        file.write_text(";\n".join(subject.queries) + ";\n")
        begun = time.monotonic()
        text = subprocess.run(
            [
                *(sys.executable, "-m", "querysafe", "advise", str(file)),
                *("--budget-mb", f"{budget:g}", "--format", "sql", *more),
            ],
            check=True, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "QUERYSAFE_ADVISE_DATABASE": subject.url},
        ).stdout  # fmt: skip
    lines = [line for line in text.splitlines() if line.startswith("CREATE INDEX")]
    return Advice(indexes=lines, seconds=time.monotonic() - begun)


def _rival(
    choose: Callable[[rivals.Rival], Sequence[str]],
    subject: Analytics,
    budget: float,
    patience: float,
) -> Advice:
    workload = gather([witnessed(sql, source="bench", calls=1) for sql in subject.queries])
    begun = time.monotonic()
    with opened(subject.url, None, None, "auto") as planner:
        prepared = rivals.prepared(planner, workload, round(budget * 1e6), patience)
        chosen = choose(prepared)
    return Advice(indexes=chosen, seconds=time.monotonic() - begun)
