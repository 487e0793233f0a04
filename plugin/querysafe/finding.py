"""``Finding``: one breach of a rule, with its evidence and its cure."""

from dataclasses import dataclass
from enum import StrEnum

from querysafe.query import CallSite


class Severity(StrEnum):
    """How sure and how grave."""

    ERROR = "error"
    """Costs a query for each row, or breaks a limit that was set."""
    WARNING = "warning"
    """Wasteful, but its cost does not follow the data."""
    NOTE = "note"
    """Worth knowing; never fails a run."""


class Verdict(StrEnum):
    """How a finding stands against the written decisions of the team."""

    NEW = "new"
    """Nothing accepts it: in mode ``check`` it fails the test."""
    WORSE = "worse"
    """The baseline accepts it with a smaller count: fails too."""
    ACCEPTED = "accepted"
    """The baseline accepts it."""
    SUPPRESSED = "suppressed"
    """A marker or an ``ignore`` accepts it, with a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as data. ``docs/rules/<id>/{bad,good}.py`` are its two executed examples."""

    id: str
    """``QS101``."""
    name: str
    """``n-plus-one``."""
    severity: Severity
    summary: str
    """One line: what is wrong."""
    condition: str
    """When exactly it is reported, and when not."""
    effect: str
    """What it costs in production."""
    cure: str
    """What to do, in words; a finding carries the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One breach of a rule in one test."""

    nodeid: str
    rule: Rule
    label: str
    """What repeats: ``Order.lines``, or the shape of the statement."""
    count: int
    """How many round trips it took."""
    message: str
    """The diagnosis in one sentence."""
    call_sites: tuple[CallSite, ...] = ()
    """The user's lines that sent it, most frequent first."""
    parent: CallSite | None = None
    """Where the query stands that loaded the rows looped over."""
    cure: str = ""
    """Code to paste, or "" when only words help."""
    imports: tuple[str, ...] = ()
    """Import lines that the code needs beyond what its module has already."""
    advice: str = ""
    """The cure in words, for this finding."""
    statement: str = ""
    """One of the statements, as sent."""
    fingerprint: str = ""
    graphql_path: str = ""
    request: str = ""
    seconds: float = 0.0
    """Database time of the queries of this finding."""
    queries: tuple[int, ...] = ()
    """Positions of those queries in the test's recording."""
    verdict: Verdict = Verdict.NEW
    accepted_count: int | None = None
    """What the baseline accepts, when it knows the finding."""
    reason: str = ""
    """Why it is suppressed."""

    @property
    def severity(self) -> Severity:
        """The rule's."""
        return self.rule.severity

    @property
    def code(self) -> str:
        """The cure as it is pasted: below the import lines that it needs; "" without a cure."""
        return "\n".join((*self.imports, self.cure)) if self.cure else ""

    @property
    def fails(self) -> bool:
        """Whether mode ``check`` fails the test for it."""
        return (
            self.verdict in (Verdict.NEW, Verdict.WORSE) and self.rule.severity is not Severity.NOTE
        )

    @property
    def identity(self) -> str:
        """What stays the same when lines move, columns come or SQLAlchemy changes."""
        site = self.call_sites[0] if self.call_sites else None
        where = f"{site.path}::{site.function}" if site else "-"
        return f"{self.rule.id} {self.label} {where}"
