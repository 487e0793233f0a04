"""The statements to advise on, each with what is known of its values and how often it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from querysafe.query import CallSite


@dataclass(frozen=True, slots=True)
class Sample:
    """One set of values with which a statement ran."""

    sql: str
    """The statement with ``$1`` in place of each value (or with literals and no values)."""
    values: tuple[object, ...] | None
    """The values of ``$1, $2 ...``; None when they are not known: a generic plan is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """All queries of one shape."""

    fingerprint: str
    sql: str
    """One spelling of it, to show."""
    samples: tuple[Sample, ...]
    """At least one; distinct constants tell a partial index's predicate from a parameter."""
    calls: float = 1.0
    seconds: float = 0.0
    """Time spent in all calls, where a source knows it; 0.0 otherwise."""
    call_sites: tuple[CallSite, ...] = ()
    writes: bool = False
    """Whether it is INSERT, UPDATE, DELETE or MERGE: planned for its reads, charged for writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What every source becomes."""

    statements: tuple[Statement, ...]
    set_aside: Mapping[str, int] = field(default_factory=dict)
    """Statements that are not advised on, counted by reason: ``DDL``, ``utility``, ``foreign`` ..."""
    sources: tuple[str, ...] = ()
    """What was read, in words for a report."""
