"""What recording adds to a query and judging to a test: querysafe, the floor and the peers."""

import json
import os
import re
import shutil
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
WARM_UP, COUNTED = 3, 3
"""So many tests run before anything is measured, and so many to count calls."""
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
class Spent:
    """What one contestant spends on one query, or on one test."""

    microseconds: float = 0.0
    calls: float = 0.0
    instructions: float = 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What one contestant spends on a workload."""

    recording: Spent
    """On each query, while the tests' own functions run."""
    between: Spent
    """On each test, before and after its function: begun, judged, told."""
    together: Spent
    """On each query, everything."""


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
                "BENCH_WARM_UP": str(WARM_UP),
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
    rounds = 0 if options.calls_only else 4 if options.quick else 8
    timed: dict[str, list[dict[str, float]]] = defaultdict(list)
    for turn in range(rounds):
        shift = turn % len(CONTESTANTS)
        for who in (*CONTESTANTS[shift:], *CONTESTANTS[:shift]):
            timed[who.name] += [arena.run(who, what, "cpu", tests=what.tests)[0]]
    result = {}
    for who in CONTESTANTS:
        counted, _ = arena.run(who, what, "calls", tests=COUNTED)
        instructions = [
            _instructions(arena, who, what, part) if options.instructions else 0
            for part in ("within", "between")
        ]
        result[who.name] = _measured(what, timed[who.name], counted, instructions)
    return result


def _measured(
    what: Workload,
    timed: Sequence[dict[str, float]],
    counted: dict[str, float],
    instructions: Sequence[int],
) -> Measured:
    """The least of the rounds: noise on a shared machine only ever adds."""
    whole = min((each["seconds"] for each in timed), default=0.0) * 1e6
    within = min((each["seconds_within"] for each in timed), default=0.0) * 1e6
    between = min((each["seconds"] - each["seconds_within"] for each in timed), default=0.0) * 1e6
    calls, calls_within = counted["calls"], counted["calls_within"]
    queries, counted_queries = what.tests * what.queries, COUNTED * what.queries
    return Measured(
        recording=Spent(
            within / queries, calls_within / counted_queries, instructions[0] / counted_queries
        ),
        between=Spent(
            between / what.tests, (calls - calls_within) / COUNTED, instructions[1] / COUNTED
        ),
        together=Spent(
            whole / queries, calls / counted_queries, sum(instructions) / counted_queries
        ),
    )


def _instructions(arena: Arena, who: Contestant, what: Workload, part: str) -> int:
    """Instructions within the functions of all counted tests, or between them."""
    before = (
        "valgrind",
        "--tool=callgrind",
        "--instr-atstart=no",
        "--callgrind-out-file=/dev/null",
    )
    _, errors = arena.run(who, what, part, tests=COUNTED, before=before)
    found = re.search(r"Collected\s*:\s+(\d+)", errors)
    if found is None:
        raise SystemExit(f"valgrind told no count:\n{errors[-2000:]}")
    return int(found[1])


def rows_of(what: Workload, spent: dict[str, Spent], unit: str) -> Iterator[dict[str, Cell]]:
    """What everybody adds to the bare query or test, and how that compares."""
    for name, mine in spent.items():
        row: dict[str, Cell] = {
            "workload": what.title,
            "queries a test": what.queries,
            "contestant": name,
        }
        for sort in ("microseconds", "calls", "instructions"):
            value = getattr(mine, sort)
            if value:
                row |= _compared(sort, value, name, spent, unit)
        yield row


def _compared(
    sort: str, value: float, name: str, spent: dict[str, Spent], unit: str
) -> dict[str, Cell]:
    bare = getattr(spent["bare"], sort)
    added = value - bare
    floor = getattr(spent["floor"], sort) - bare
    peer = min(getattr(spent[each], sort) for each in PEERS) - bare
    is_bare = name == "bare"
    return {
        f"{sort} a {unit}": round(value, 1),
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
    measured: list[tuple[Workload, dict[str, Measured]]] = []
    with tempfile.TemporaryDirectory(prefix="querysafe-bench-") as name:
        for database in dict.fromkeys(each.database for each in chosen):
            with postgres() if database == "psycopg" else _memory(database) as url:
                for what in (each for each in chosen if each.database == database):
                    options.progress(f"capture: {what.title}, {what.queries} queries a test …")
                    arena = Arena(python, Path(name), url)
                    measured.append((what, measure(arena, what, options)))
    return list(tables(measured))


def tables(measured: Sequence[tuple[Workload, dict[str, Measured]]]) -> Iterator[Table]:
    """Three views of one measurement, so that no cost hides behind another."""
    for title, part, unit, judged in (
        ("what recording adds to each query", "recording", "query", True),
        ("what is added to each test: begun, judged, told", "between", "test", False),
        ("both together, for each query", "together", "query", False),
    ):
        rows = [
            row
            for what, everybody in measured
            for row in rows_of(
                what, {name: getattr(each, part) for name, each in everybody.items()}, unit
            )
        ]
        yield Table(
            title=f"capture: {title}",
            rows=rows,
            notes=(f"targets: {OF_FLOOR} of the floor, {OF_PEER} of the best peer",)
            if judged
            else (),
            misses=list(misses_of(rows)) if judged else (),
        )


@contextmanager
def _memory(database: str) -> Iterator[str]:
    yield _MEMORY[database]


PART = Part(name="capture", summary="what recording and judging add to a query", run=run)
