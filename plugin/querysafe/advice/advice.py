"""What was advised, and why: the value that every report and the revision are made from."""

from collections.abc import Sequence
from dataclasses import dataclass

from querysafe.advice.index import Index
from querysafe.advice.planner import Basis, Existing, Plan, Refused
from querysafe.advice.workload import Statement, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What the whole choice does to one statement."""

    statement: Statement
    before: float
    after: float
    """Mean cost over the samples, in the planner's units, without and with the advice."""
    indexes: tuple[str, ...]
    """Names of the advised indexes that its plans use."""
    plan_before: Plan | None = None
    """Plan of its first sample as the database is."""
    plan_after: Plan | None = None
    """The same with the advice; candidates have the names under which they were offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advised:
    """One index that pays for itself."""

    name: str
    index: Index
    bytes: int
    benefit: float
    """Cost saved over the workload, weighted by calls, given the rest of the choice."""
    write_cost: float
    reason: str
    """One sentence: which predicates, order or join it serves."""
    evidence: tuple[Effect, ...]
    distinct: bool = False
    """Whether no value repeats in what ANALYZE saw of the table."""
    offered: str = ""
    """The name that it has in the plans of :class:`Effect`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """An index that one might expect and that is not advised."""

    index: Index
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A fault of an existing index, what an advised one could be beside, or a statement that wants
    a rewrite instead of an index."""

    kind: str
    """``duplicate``, ``redundant``, ``unused``, ``invalid``, ``bloated``, ``unique`` or ``rewrite``."""
    subject: Existing | Statement | Index
    words: str
    cure: str = ""
    """SQL or code to paste; empty when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The answer of ``querysafe advise``."""

    basis: Basis
    version: int
    """``server_version_num`` of the planner."""
    workload: Workload
    indexes: Sequence[Advised]
    effects: Sequence[Effect]
    absent: Sequence[Absent] = ()
    remarks: Sequence[Remark] = ()
    refused: Sequence[Refused] = ()
    budget_bytes: int | None = None
    lacking: Sequence[str] = ()
    """Names of the extensions that advised indexes need and the database lacks."""
