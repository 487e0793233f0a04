"""What recording and judging add to each query: querysafe, the floor and the peers side by side."""

import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.contestants import CONTESTANTS, PEERS, Contestant, environment
from tests.bench.part import Cell, Options, Part, Table

WORKLOAD = Path(__file__).resolve().parents[1] / "workload"
OF_FLOOR, OF_PEER = 1.5, 0.5
"""The targets: at most so many times what the floor adds, and what the best peer adds."""
_MEMORY = {"sqlite": "sqlite://", "aiosqlite": "sqlite+aiosqlite:///:memory:"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Some tests that send queries."""

    name: str
    database: str = "sqlite"
    tests: int = 20
    queries: int = 200
    quick: bool = False

    @property
    def title(self) -> str:
        return f"{self.name}/{self.database}"


WORKLOADS = (
    Workload(name="orm", quick=True),
    Workload(name="lazy", quick=True),
    Workload(name="core", quick=True),
    Workload(name="few", tests=300, queries=5, quick=True),
    Workload(name="deep"),
    Workload(name="orm", database="aiosqlite"),
    Workload(name="lazy", database="aiosqlite"),
    Workload(name="core", database="aiosqlite"),
    Workload(name="orm", database="psycopg"),
    Workload(name="lazy", database="psycopg"),
    Workload(name="core", database="psycopg"),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one contestant spends on one query of a workload."""

    microseconds: float
    calls: float
    instructions: float | None


class Arena:
    """A scratch project in which contestants run one after the other, in fresh processes."""

    def __init__(self, python: Path, folder: Path, url: str) -> None:
        self._python = python
        self._folder = folder
        self._url = url
        shutil.copytree(WORKLOAD, folder, dirs_exist_ok=True)
        (folder / "pytest.ini").write_text("[pytest]\npython_files = bench_*.py\n")

    def run(
        self,
        who: Contestant,
        what: Workload,
        measure: str,
        *,
        tests: int,
        before: Sequence[str] = (),
    ) -> tuple[dict[str, float], str]:
        """Run one contestant; answers what the clock of the project wrote, and standard error."""
        output = self._folder / "measured.json"
        output.unlink(missing_ok=True)
        done = subprocess.run(
            [
                *before,
                str(self._python),
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "-p",
                "clock",
                *who.arguments,
            ],
            cwd=self._folder,
            env={
                "PATH": os.environ.get("PATH", ""),
                "PYTHONHASHSEED": "0",
                "PYTHONPATH": str(self._folder),
                "BENCH_MEASURE": measure,
                "BENCH_OUTPUT": str(output),
                "BENCH_URL": self._url,
                "BENCH_WORKLOAD": what.name,
                "BENCH_TESTS": str(tests),
                "BENCH_QUERIES": str(what.queries),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or not output.exists():
            raise SystemExit(
                f"{who.name} failed in {what.title}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
            )
        return json.loads(output.read_text()), done.stderr


def measure(arena: Arena, what: Workload, options: Options) -> dict[str, Measured]:
    """Let everybody run the workload, in turns."""
    rounds = 0 if options.calls_only else 3 if options.quick else 7
    total = what.tests * what.queries
    times: dict[str, list[float]] = defaultdict(list)
    for turn in range(rounds):
        shift = turn % len(CONTESTANTS)
        for who in (*CONTESTANTS[shift:], *CONTESTANTS[:shift]):
            spent, _ = arena.run(who, what, "cpu", tests=what.tests)
            times[who.name].append(spent["seconds"] * 1e6 / total)
    result = {}
    for who in CONTESTANTS:
        counted, _ = arena.run(who, what, "calls", tests=3)
        instructions = _instructions(arena, who, what) if options.instructions else None
        result[who.name] = Measured(
            _typical(times[who.name]), counted["calls"] / (3 * what.queries), instructions
        )
    return result


def _typical(times: Sequence[float]) -> float:
    """The median of the better half: noise on a shared machine only ever adds."""
    if not times:
        return 0.0
    return statistics.median(sorted(times)[: len(times) // 2 + 1])


def _instructions(arena: Arena, who: Contestant, what: Workload) -> float:
    """Instructions a query, from two runs that differ in the number of tests alone."""
    before = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
    few, many = 2, 2 + max(2, 400 // what.queries)
    counts = []
    for tests in (few, many):
        _, errors = arena.run(who, what, "none", tests=tests, before=before)
        found = re.search(r"I\s+refs:\s+([\d,]+)", errors)
        if found is None:
            raise SystemExit(f"valgrind told no count:\n{errors[-2000:]}")
        counts.append(int(found.group(1).replace(",", "")))
    return (counts[1] - counts[0]) / ((many - few) * what.queries)


def rows_of(what: Workload, measured: dict[str, Measured]) -> Iterator[dict[str, Cell]]:
    """What everybody adds to the bare query, and how that compares."""
    for name, mine in measured.items():
        row: dict[str, Cell] = {
            "workload": what.title,
            "queries a test": what.queries,
            "contestant": name,
        }
        for sort in ("microseconds", "calls", "instructions"):
            value = getattr(mine, sort)
            if value:
                row |= _compared(sort, value, name, measured)
        yield row


def _compared(sort: str, value: float, name: str, measured: dict[str, Measured]) -> dict[str, Cell]:
    bare = getattr(measured["bare"], sort)
    added = value - bare
    floor = getattr(measured["floor"], sort) - bare
    peer = min(getattr(measured[each], sort) for each in PEERS) - bare
    is_bare = name == "bare"
    return {
        f"{sort} a query": round(value, 1),
        f"added {sort}": None if is_bare else round(added, 1),
        f"{sort} of floor": None if is_bare or floor <= 0 else added / floor,
        f"{sort} of best peer": None if is_bare or peer <= 0 else added / peer,
    }


def misses_of(rows: Sequence[dict[str, Cell]]) -> Iterator[str]:
    """The targets that querysafe missed, judged by the time where it was taken."""
    for row in rows:
        if row["contestant"] != "querysafe":
            continue
        sort = "microseconds" if "microseconds of floor" in row else "calls"
        for against, limit in (("of floor", OF_FLOOR), ("of best peer", OF_PEER)):
            ratio = row[f"{sort} {against}"]
            if isinstance(ratio, float) and ratio > limit:
                yield f"{row['workload']}: {ratio:.2f} {sort} {against}, {limit} is the target"


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a database in a cluster of its own."""
    from querysafe.postgres import server

    with server() as cluster:
        yield cluster.create_database("bench").url


def run(options: Options) -> Sequence[Table]:
    """Measure every workload."""
    chosen = [
        each
        for each in WORKLOADS
        if options.only in each.title and (each.quick or options.only or not options.quick)
    ]
    python = environment(options.root)
    rows: list[dict[str, Cell]] = []
    with tempfile.TemporaryDirectory(prefix="querysafe-bench-") as name:
        for database in dict.fromkeys(each.database for each in chosen):
            with postgres() if database == "psycopg" else _memory(database) as url:
                for what in (each for each in chosen if each.database == database):
                    options.progress(f"capture: {what.title}, {what.queries} queries a test …")
                    arena = Arena(python, Path(name), url)
                    rows += rows_of(what, measure(arena, what, options))
    return [
        Table(
            title="capture: what recording and judging add to each query, together",
            rows=rows,
            notes=(f"targets: {OF_FLOOR} of the floor, {OF_PEER} of the best peer",),
            misses=list(misses_of(rows)),
        )
    ]


@contextmanager
def _memory(database: str) -> Iterator[str]:
    yield _MEMORY[database]


PART = Part(name="capture", summary="what recording and judging add to a query", run=run)
