"""What JUnit XML says of a test, as its ``<property>`` elements."""

from collections.abc import Iterator

from querysafe.recording import TestResult


def properties(result: TestResult) -> Iterator[tuple[str, str]]:
    """Name and value: queries, database time, and one entry a finding."""
    yield "querysafe.queries", str(result.queries)
    yield "querysafe.database_seconds", f"{result.database_seconds:.6f}"
    for finding in result.findings:
        site = f" at {finding.call_sites[0]}" if finding.call_sites else ""
        told = f"{finding.rule.id} {finding.label} x{finding.count}{site} ({finding.verdict.value})"
        yield "querysafe.finding", told
