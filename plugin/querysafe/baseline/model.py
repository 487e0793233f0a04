"""``Baseline``: what the team accepts, per test, as one frozen value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from querysafe.finding import Severity, Verdict
from querysafe.fingerprint import fingerprint, shape
from querysafe.recording import TestResult

TEXT_LENGTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What one test may do."""

    findings: Mapping[str, int] = field(default_factory=dict)
    """:attr:`Finding.identity` to the number of round trips accepted."""
    shapes: Mapping[str, int] = field(default_factory=dict)
    """Fingerprint to the number of times that it may run, for those that ran more than once."""
    texts: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Fingerprint to its shape, shortened: for people, never for judgement."""

    def __bool__(self) -> bool:
        return bool(self.findings or self.shapes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Node id to what that test may do. A test that may do nothing has no entry."""

    tests: Mapping[str, Accepted] = field(default_factory=dict)

    def of_test(self, nodeid: str) -> Accepted:
        """What a test may do; nothing when it is not known."""
        return self.tests.get(nodeid, _NOTHING)

    @property
    def modules(self) -> frozenset[str]:
        """The test modules that have entries."""
        return frozenset(module_of(nodeid) for nodeid in self.tests)

    def without(self, nodeids: Iterable[str]) -> "Baseline":
        """Drop the entries of some tests."""
        dropped = frozenset(nodeids)
        return Baseline(
            tests={nodeid: entry for nodeid, entry in self.tests.items() if nodeid not in dropped}
        )


_NOTHING = Accepted()


def module_of(nodeid: str) -> str:
    """The path of a test's module: ``tests/test_orders.py``."""
    return nodeid.partition("::")[0]


def accept(results: Iterable[TestResult]) -> Baseline:
    """Accept what some tests did: all but what is suppressed already and mere notes."""
    return merged(Baseline(tests={result.nodeid: _accepted(result)}) for result in results)


def merged(baselines: Iterable[Baseline]) -> Baseline:
    """Accept what any of the baselines accepts, the larger count of each: in whatever order."""
    tests: dict[str, Accepted] = {}
    for baseline in baselines:
        for nodeid, entry in baseline.tests.items():
            tests[nodeid] = _either(tests[nodeid], entry) if nodeid in tests else entry
    return Baseline(tests={nodeid: entry for nodeid, entry in tests.items() if entry})


def totals(result: TestResult) -> dict[str, int]:
    """Sum the counts of the findings of one identity, of those that a baseline judges.

    One function may breach a rule on two lines with one label; they share an entry,
    so that moving a loop from one line to two changes nothing.
    """
    counts: dict[str, int] = {}
    for finding in result.findings:
        if finding.verdict is not Verdict.SUPPRESSED and finding.severity is not Severity.NOTE:
            counts[finding.identity] = counts.get(finding.identity, 0) + finding.count
    return counts


def _accepted(result: TestResult) -> Accepted:
    shapes = {digits: count for digits, count in result.shapes.items() if count > 1}
    return Accepted(
        findings=totals(result),
        shapes=shapes,
        texts={digits: readable(digits, result.texts.get(digits, "")) for digits in shapes},
    )


def readable(digits: str, statement: str) -> str:
    """Shorten a statement to a line; its shape, which changes less, when it is there in full."""
    text = shape(statement) if fingerprint(statement) == digits else " ".join(statement.split())
    return text if len(text) <= TEXT_LENGTH else f"{text[: TEXT_LENGTH - 1]}…"


def _either(one: Accepted, other: Accepted) -> Accepted:
    texts = dict(one.texts)
    for digits, text in other.texts.items():
        texts[digits] = min(filter(None, (texts.get(digits), text)), default="")
    return Accepted(
        findings=_larger(one.findings, other.findings),
        shapes=_larger(one.shapes, other.shapes),
        texts=texts,
    )


def _larger(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {key: max(one.get(key, 0), other.get(key, 0)) for key in {**one, **other}}
