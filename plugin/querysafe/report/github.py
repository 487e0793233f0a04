"""Workflow commands that GitHub Actions shows beside the lines of a pull request."""

from querysafe.finding import Finding, Severity, Verdict
from querysafe.recording import RunResult
from querysafe.report.grouping import groups, plural

LIMIT = 10
"""GitHub shows ten annotations of a level for each step and drops the rest."""
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(run: RunResult) -> str:
    """One command a finding that nothing accepts, ten of a level at most."""
    lines: list[str] = []
    counts: dict[str, int] = {}
    for group in groups(
        finding for finding in run.findings if finding.verdict in (Verdict.NEW, Verdict.WORSE)
    ):
        level = _LEVELS[group.worst.severity]
        counts[level] = counts.get(level, 0) + 1
        if counts[level] <= LIMIT:
            lines.append(_command(level, group.worst))
    left = sum(count - LIMIT for count in counts.values() if count > LIMIT)
    if left:
        told = f"{plural(left, 'more finding')} of querysafe: see the report"
        lines.append(f"::notice title=querysafe::{_data(told)}")
    return "".join(f"{line}\n" for line in lines)


def _command(level: str, finding: Finding) -> str:
    parts = []
    if finding.call_sites:
        site = finding.call_sites[0]
        parts += [f"file={_property(site.path)}", f"line={site.line}"]
    parts.append(f"title={_property(f'{finding.rule.id} {finding.rule.name}')}")
    body = [finding.message]
    if finding.parent is not None:
        body.append(f"rows from {finding.parent}")
    if finding.cure:
        body.append(f"cure: {finding.cure}")
    elif finding.advice:
        body.append(finding.advice)
    body.append(finding.nodeid)
    return f"::{level} {','.join(parts)}::{_data(chr(10).join(body))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
