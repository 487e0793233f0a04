"""Queries to statements: those of one shape together, with their calls and examples of values."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from querysafe.advice.sources.placeholders import sample
from querysafe.advice.sources.sorting import set_aside, writes
from querysafe.advice.workload import Sample, Statement, Workload
from querysafe.query import CallSite, CapturedQuery

SAMPLES = 5
"""So many examples of values are kept of a statement: enough to tell constants from parameters."""
_CALL_SITES = 5


@dataclass(slots=True)
class _Shape:
    sql: str
    writes: bool
    samples: dict[str, Sample] = field(default_factory=dict)
    calls: float = 0.0
    tested: float = 0.0
    seconds: float = 0.0
    call_sites: Counter[CallSite] = field(default_factory=Counter)


class Gathering:
    """Takes queries one at a time and holds only what the advice needs of them."""

    def __init__(self) -> None:
        self._shapes: dict[str, _Shape] = {}
        self._aside: Counter[str] = Counter()
        self._tested = False

    def set_aside(self, why: str, count: int = 1) -> None:
        """Count what a reader left out."""
        self._aside[why] += count

    def add(self, query: CapturedQuery) -> None:
        """Take one query."""
        why = set_aside(query)
        if why:
            self._aside[why] += max(1, query.calls)
            return
        shape = self._shapes.get(query.fingerprint)
        if shape is None:
            shape = _Shape(query.statement, writes(query))
            self._shapes[query.fingerprint] = shape
        calls = query.calls * max(1, query.params.sets if query.executemany else 1)
        if query.context.test:
            shape.tested += calls
            self._tested = True
        else:
            shape.calls += calls
        shape.seconds += query.duration_seconds
        if query.call_site is not None:
            shape.call_sites[query.call_site] += calls
        if len(shape.samples) < SAMPLES:
            found = sample(query)
            shape.samples.setdefault(repr(found), found)

    def workload(self, sources: Iterable[str] = ()) -> Workload:
        """Everything taken so far.

        How often tests ran a statement says little of production, so that their counts
        enter by their logarithm.
        """
        named = tuple(sources)
        if self._tested:
            named = (*named, "counts of tests, damped by their logarithm")
        return Workload(
            statements=tuple(
                _statement(fingerprint, shape) for fingerprint, shape in self._shapes.items()
            ),
            set_aside=dict(sorted(self._aside.items())),
            sources=named,
        )


def _statement(fingerprint: str, shape: _Shape) -> Statement:
    known = [each for each in shape.samples.values() if each.values is not None]
    return Statement(
        fingerprint=fingerprint,
        sql=shape.sql,
        samples=tuple(known or shape.samples.values()),
        calls=(shape.calls + (1 + math.log(shape.tested) if shape.tested else 0)) or 1.0,
        seconds=shape.seconds,
        call_sites=tuple(site for site, _ in shape.call_sites.most_common(_CALL_SITES)),
        writes=shape.writes,
    )


def gather(queries: Iterable[CapturedQuery], sources: Iterable[str] = ()) -> Workload:
    """Make a workload of queries that are all at hand."""
    gathering = Gathering()
    for query in queries:
        gathering.add(query)
    return gathering.workload(sources)
