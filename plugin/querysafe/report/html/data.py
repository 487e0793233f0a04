"""Everything the page knows of a run, as a stream of JSON values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from querysafe import __version__
from querysafe.finding import Finding, Rule
from querysafe.recording import Recording, RunResult, TestResult
from querysafe.report.grouping import Group, groups
from querysafe.report.html.queries import COLUMNS, Tables, rows
from querysafe.report.html.sources import Sources
from querysafe.report.recordings import Recordings


def run_data(run: RunResult, recordings: Recordings, sources: Sources) -> Iterator[object]:
    """Give each recording that has queries as its rows, then the run, which refers to them."""
    tables = Tables()
    shapes: dict[str, _Shape] = {}
    tests: list[dict[str, Any]] = []
    kept = 0
    for number, test in enumerate(run.tests):
        recording = recordings.get(test.nodeid) if test.queries or test.findings else None
        told = rows(recording, tables) if recording is not None else []
        used = set() if recording is None else {tables.statement(query) for query in recording}
        if recording is not None and told:
            _count(recording, number, tables, shapes)
            yield told
        tests.append(_test(test, kept if told else None, sorted(used)))
        kept += bool(told)
    yield _run(run, tables, shapes, tests, sources)


@dataclass(slots=True)
class _Shape:
    """What all queries of one fingerprint cost."""

    statement: int
    calls: int = 0
    seconds: float = 0.0
    tests: int = 0
    last_test: int = -1


def _count(recording: Recording, test: int, tables: Tables, shapes: dict[str, _Shape]) -> None:
    for query in recording:
        if query.context.phase not in ("call", ""):
            continue
        statement = tables.statement(query)
        shape = shapes.setdefault(query.fingerprint or query.statement, _Shape(statement))
        shape.calls += query.calls
        shape.seconds += query.duration_seconds
        if shape.last_test != test:
            shape.last_test = test
            shape.tests += 1


def _run(
    run: RunResult,
    tables: Tables,
    shapes: dict[str, _Shape],
    tests: list[dict[str, Any]],
    sources: Sources,
) -> dict[str, Any]:
    positions = {test.nodeid: number for number, test in enumerate(run.tests)}
    found = [_group(group, tables, positions) for group in groups(run.findings)]
    rules = {finding.rule.id: finding.rule for finding in run.findings}
    return {
        "version": __version__,
        "mode": run.mode,
        "columns": COLUMNS,
        "rules": {id: _rule(rule) for id, rule in sorted(rules.items())},
        "findings": found,
        "tests": tests,
        "shapes": [
            [shape.statement, shape.calls, round(shape.seconds * 1_000_000), shape.tests]
            for shape in shapes.values()
        ],
        "statements": tables.statements.values,
        "words": tables.words.values,
        "sites": [
            [site.path, site.line, site.function, *(sources.excerpt(site) or ())]
            for site in tables.sites.values
        ],
        "stale": run.stale,
        "improved": run.improved,
        "notes": run.notes,
    }


def _rule(rule: Rule) -> dict[str, str]:
    return {
        "name": rule.name,
        "severity": rule.severity.value,
        "summary": rule.summary,
        "effect": rule.effect,
        "cure": rule.cure,
    }


def _test(test: TestResult, recording: int | None, statements: Sequence[int]) -> dict[str, Any]:
    return {
        "nodeid": test.nodeid,
        "queries": test.queries,
        "micros": round(test.database_seconds * 1_000_000),
        "outcome": test.outcome,
        "recording": recording,
        "statements": statements,
    }


def _group(group: Group, tables: Tables, positions: dict[str, int]) -> dict[str, Any]:
    worst = group.worst
    return {
        "rule": worst.rule.id,
        "label": worst.label,
        "count": worst.count,
        "message": worst.message,
        "sites": [tables.site(site) for site in worst.call_sites[:5]],
        "more_sites": max(0, len(worst.call_sites) - 5),
        "statement": worst.statement,
        "fingerprint": worst.fingerprint,
        "verdict": worst.verdict.value,
        "accepted": worst.accepted_count,
        "reason": worst.reason,
        "graphql": worst.graphql_path,
        "request": worst.request,
        "cures": _cures(group.findings, tables),
        "tests": [
            [positions[f.nodeid], f.count, round(f.seconds * 1_000_000), f.queries]
            for f in group.findings
        ],
    }


def _cures(findings: Sequence[Finding], tables: Tables) -> list[list[Any]]:
    """Parent, code and words: one for each place that loads the rows."""
    cures = dict.fromkeys((f.parent, f.code, f.advice) for f in findings)
    return [[tables.site(parent), cure, advice] for parent, cure, advice in list(cures)[:5]]
