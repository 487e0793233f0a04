"""QS202: a relationship is loaded ahead and never read."""

from collections import defaultdict
from collections.abc import Iterator

from querysafe.analysis.cures import pruning
from querysafe.analysis.cures.attempt import attempt
from querysafe.analysis.subject import Subject
from querysafe.finding import Finding, Rule, Severity
from querysafe.recording import EagerLoad

RULE = Rule(
    id="QS202",
    name="unused-eager-load",
    severity=Severity.WARNING,
    summary="a relationship is loaded ahead and never read",
    condition="A loader option of a query names a relationship which nothing reads for the rest "
    "of the test, on one object or more. A query without rows, a failed test and relationships "
    "that the mapping itself loads eagerly are no finding.",
    effect="Rows are fetched, sent and built that nobody looks at.",
    cure="Drop the option from this query.",
)


def find(subject: Subject) -> Iterator[Finding]:
    """Report options that no query of their line had a use for."""
    if not subject.passed:
        return
    groups: dict[tuple[object, ...], list[EagerLoad]] = defaultdict(list)
    for load in subject.recording.eager_loads:
        query = subject.by_index.get(load.query_index)
        if query is not None and query.context.phase in ("call", ""):
            groups[load.path, load.call_site].append(load)
    unread = {
        key
        for key, loads in groups.items()
        if not any(load.read for load in loads) and any(load.objects for load in loads)
    }
    for path, site in unread:
        assert isinstance(path, tuple)
        if any((path[:size], site) in unread for size in range(1, len(path))):
            continue
        loads = groups[path, site]
        query = subject.by_index[loads[0].query_index]
        label = path[-1]
        yield Finding(
            nodeid=subject.nodeid,
            rule=RULE,
            label=label,
            count=len(loads),
            message=f"{label} is loaded ahead ({loads[0].strategy}) and never read",
            call_sites=(loads[0].call_site,) if loads[0].call_site else (),
            parent=loads[0].call_site,
            cure=attempt(pruning.without_option, query, label),
            advice="drop the loader option from this query",
            statement=query.statement,
            fingerprint=query.fingerprint,
            request=query.context.request_name,
            queries=tuple(load.query_index for load in loads),
        )
