"""Each way to ask for advice, on each workload, within 360 MB at full size."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.part import Options, Table
from tests.bench.parts.advice.scene import SCENES, Scene
from tests.bench.parts.advice.scoring import Built, Score
from tests.bench.servers import has_hypopg, measured

BUDGET_MB = 360
SECONDS = 60.0
GOALS = {"database": 1.0, "live": 1.0, "statistics": 0.8, "rows": 0.65, "assumed": 0.65}
"""How far the advice should get in comparison with the expert's, by way of asking; ``live`` asks
the database itself, with HypoPG."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What the command answered."""

    indexes: Sequence[str]
    seconds: float


def run(options: Options) -> Sequence[Table]:
    """Measure both workloads, or the one named."""
    with measured(options) as cluster:
        found = []
        for scene in SCENES:
            if options.only not in scene.name:
                continue
            count = scene.count // (10 if options.quick else 1)
            budget = BUDGET_MB / (10 if options.quick else 1)
            options.progress(f"{scene.name}: {count} rows of its main table")
            production = scene.production(cluster, count)
            small = scene.small(cluster, production)
            found.append(_table(scene, production, small, budget, options))
        return found


def _table(scene: Scene, production: str, small: str, budget: float, options: Options) -> Table:
    built = Built(production, scene.reads, scene.traps)
    rows, notes, misses = [], [], []
    try:
        expert = built.score(scene.expert)
        rows.append(_row("expert", expert, len(scene.expert), None))
        for way, advice in _ways(scene, production, small, budget, options):
            score = built.score(advice.indexes)
            rows.append(_row(way, score, len(advice.indexes), advice.seconds))
            notes += [f"{way}: no statement that reads uses {each}" for each in score.unused]
            notes += [f"{way}: a trap uses {each}" for each in score.trapped]
            goal = GOALS[way] * expert.mean
            if not options.quick and score.mean < goal:
                misses.append(f"{scene.name}, {way}: {score.mean:.0f}x of {goal:.0f}x")
            if score.megabytes > budget:
                misses.append(f"{scene.name}, {way}: {score.megabytes:.0f} MB of {budget:.0f} MB")
            if advice.seconds > SECONDS:
                misses.append(f"{scene.name}, {way}: {advice.seconds:.0f} s")
    finally:
        built.close()
    title = f"{scene.name}: {len(scene.reads)} statements that read, {budget:.0f} MB"
    return Table(title=title, rows=rows, notes=notes, misses=misses)


def _row(
    way: str, score: Score, count: int, seconds: float | None
) -> dict[str, str | float | int | None]:
    return {
        "asked by": way,
        "times cheaper": score.mean,
        "by calls": score.by_calls,
        "MB": score.megabytes,
        "twice as cheap": score.twice,
        "indexes": count,
        "unused": len(score.unused),
        "of traps": len(score.trapped),
        "seconds": seconds,
    }


def _ways(
    scene: Scene, production: str, small: str, budget: float, options: Options
) -> Iterator[tuple[str, Advice]]:
    with tempfile.TemporaryDirectory(prefix="querysafe-bench-") as folder:
        workload = Path(folder) / "workload.ndjson"
        workload.write_text("".join(json.dumps(line) + "\n" for line in scene.lines()))
        statistics = Path(folder) / "statistics.json"
        _called(production, "advise", "stats", "export", "--output", str(statistics))
        live = [("live", production, ("--live",))] if has_hypopg(production) else []
        for way, database, more in (
            ("database", production, ()),
            *live,
            ("statistics", small, ("--stats", str(statistics))),
            ("rows", small, ("--rows", scene.rows(production))),
            ("assumed", small, ()),
        ):
            options.progress(f"{scene.name}: advice by {way}")
            begun = time.monotonic()
            text = _called(
                database,
                *("advise", str(workload), *more),
                *("--budget-mb", f"{budget:g}", "--format", "sql"),
            )
            seconds = time.monotonic() - begun
            indexes = [line for line in text.splitlines() if line.startswith("CREATE INDEX")]
            yield way, Advice(indexes=indexes, seconds=seconds)


def _called(database: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "querysafe", *arguments],
        check=True,
        env={**os.environ, "QUERYSAFE_ADVISE_DATABASE": database},
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
