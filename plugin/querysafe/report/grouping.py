"""Findings of many tests that say the same thing, put together and put in order."""

from collections.abc import Iterable
from dataclasses import dataclass

from querysafe.finding import Finding, Severity, Verdict
from querysafe.query import CallSite

_SEVERITIES = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
_VERDICTS = {Verdict.NEW: 0, Verdict.WORSE: 0, Verdict.ACCEPTED: 1, Verdict.SUPPRESSED: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One finding as a person sees it: the worst of its occurrences stands for all."""

    worst: Finding
    findings: tuple[Finding, ...]

    @property
    def tests(self) -> tuple[str, ...]:
        """The tests that show it, the one with most queries first."""
        return tuple(dict.fromkeys(finding.nodeid for finding in self.findings))


def groups(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """Group by identity, call site and verdict; the gravest and most frequent first."""
    found: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        site = finding.call_sites[0] if finding.call_sites else None
        found.setdefault((finding.identity, site, finding.verdict), []).append(finding)
    grouped = [
        Group(worst=members[0], findings=tuple(members))
        for members in (
            sorted(each, key=lambda finding: (-finding.count, finding.nodeid))
            for each in found.values()
        )
    ]
    return tuple(sorted(grouped, key=_order))


def _order(group: Group) -> tuple[object, ...]:
    worst = group.worst
    return (
        _VERDICTS[worst.verdict],
        _SEVERITIES[worst.severity],
        -worst.count,
        worst.rule.id,
        worst.identity,
        worst.nodeid,
    )


def place(finding: Finding) -> CallSite:
    """Where to show a finding: its first line, or the test's file when no line is to blame."""
    if finding.call_sites:
        return finding.call_sites[0]
    path, _, name = finding.nodeid.partition("::")
    return CallSite(path=path, line=1, function=name.rpartition("::")[2].partition("[")[0])


def plural(number: int, word: str) -> str:
    """``1 query``, ``2 queries``."""
    if number == 1:
        return f"1 {word}"
    return f"{number:,} {word[:-1]}ies" if word.endswith("y") else f"{number:,} {word}s"
