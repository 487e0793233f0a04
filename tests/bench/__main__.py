"""``python -m tests.bench``: run the parts, print tables or JSON; status 1 when a target is missed."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.bench.part import Cell, Options, Table
from tests.bench.parts import parts


def main(arguments: Sequence[str] | None = None) -> int:
    known = parts()
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"which to run: {', '.join(known)}; default all")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and workloads")
    parser.add_argument(
        "--calls", action="store_true", help="count calls only: exact on a busy machine, too"
    )
    parser.add_argument(
        "--instructions", action="store_true", help="count instructions with valgrind as well"
    )
    parser.add_argument("-k", dest="only", default="", help="part of a workload's name")
    parser.add_argument(
        "--postgres-bin",
        type=Path,
        default=os.environ.get("QUERYSAFE_POSTGRES_BIN"),
        help="programs of the PostgreSQL on which advice is measured, with HypoPG where it has "
        "that; default the embedded one",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.parts if name not in known]
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; the parts are {', '.join(known)}")
    options = Options(
        quick=given.quick,
        calls_only=given.calls,
        instructions=given.instructions,
        only=given.only,
        root=Path(__file__).resolve().parents[2],
        binaries=given.postgres_bin,
        progress=lambda line: print(line, file=sys.stderr, flush=True),
    )
    measured = {
        name: list(known[name].run(options)) for name in known if name in (given.parts or known)
    }
    if given.format == "json":
        print(
            json.dumps(
                {
                    "python": platform.python_version(),
                    "machine": platform.machine(),
                    "quick": options.quick,
                    "parts": {n: [asdict(table) for table in t] for n, t in measured.items()},
                },
                indent=2,
            )
        )
    else:
        print("\n".join(text(table) for tables in measured.values() for table in tables))
    missed = [miss for tables in measured.values() for table in tables for miss in table.misses]
    for miss in missed:
        print(f"missed: {miss}", file=sys.stderr)
    return 1 if missed else 0


def text(table: Table) -> str:
    """A table for people: one line a row, aligned."""
    lines = [table.title, "=" * len(table.title)]
    if table.rows:
        names = list(table.rows[0])
        cells = [names, *([shown(row, name) for name in names] for row in table.rows)]
        widths = [max(len(line[at]) for line in cells) for at in range(len(names))]
        for line in cells:
            parts_ = [
                cell.ljust(width) if at == 0 else cell.rjust(width)
                for at, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            lines.append("  ".join(parts_).rstrip())
    return "\n".join([*lines, *table.notes, ""])


def shown(row: Mapping[str, Cell], name: str) -> str:
    value = row[name]
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    raise SystemExit(main())
