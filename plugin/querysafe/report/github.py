"""Workflow commands that GitHub Actions shows beside the lines of a pull request."""

from pathlib import Path

from querysafe.finding import Finding, Severity, Verdict
from querysafe.recording import RunResult
from querysafe.report.grouping import groups, place, plural
from querysafe.report.printable import printable

LIMIT = 10
"""GitHub shows ten annotations of a level for each step and drops the rest."""
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(run: RunResult, *, below: str = "") -> str:
    """One command a finding that nothing accepts, ten of a level at most.

    ``below`` is where the root directory is in the repository: ``services/shop``.
    """
    lines: list[str] = []
    counts: dict[str, int] = {}
    for group in groups(
        finding for finding in run.findings if finding.verdict in (Verdict.NEW, Verdict.WORSE)
    ):
        level = _LEVELS[group.worst.severity]
        counts[level] = counts.get(level, 0) + 1
        if counts[level] <= LIMIT:
            lines.append(_command(level, group.worst, below))
    left = sum(count - LIMIT for count in counts.values() if count > LIMIT)
    if left:
        told = f"{plural(left, 'more finding')} of querysafe: see the report"
        lines.append(f"::notice title=querysafe::{_data(told)}")
    return "".join(f"{line}\n" for line in lines)


def below(root: Path, workspace: str | None) -> str:
    """Where a root directory is in the repository that GitHub Actions checked out."""
    if not workspace:
        return ""
    top, here = Path(workspace).resolve(), root.resolve()
    return here.relative_to(top).as_posix() if here != top and here.is_relative_to(top) else ""


def _command(level: str, finding: Finding, below: str) -> str:
    site = place(finding)
    path = site.path if not below or site.path.startswith("/") else f"{below}/{site.path}"
    parts = [f"file={_property(printable(path))}", f"line={site.line}"]
    parts.append(f"title={_property(f'{finding.rule.id} {finding.rule.name}')}")
    body = [finding.message]
    if finding.parent is not None:
        body.append(f"rows from {finding.parent}")
    if finding.cure:
        body += [*finding.imports, f"cure: {finding.cure}"]
    elif finding.advice:
        body.append(finding.advice)
    body.append(finding.nodeid)
    lines = [printable(line) for part in body for line in part.split("\n")]
    return f"::{level} {','.join(parts)}::{_data(chr(10).join(lines))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
