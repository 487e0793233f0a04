"""QS204: all rows are loaded only to be counted."""

from collections.abc import Iterator

from querysafe.analysis.counting import counted
from querysafe.analysis.cures import counting
from querysafe.analysis.cures.attempt import attempt
from querysafe.analysis.labels import label_of
from querysafe.analysis.repetition import reads
from querysafe.analysis.subject import READS, Subject
from querysafe.analysis.values import is_limited
from querysafe.finding import Finding, Rule, Severity
from querysafe.query import CallSite, Kind, Loading

RULE = Rule(
    id="QS204",
    name="over-fetch",
    severity=Severity.WARNING,
    summary="all rows are loaded only to count them",
    condition="The rows of a query are used for nothing but `len()`, a truth test or a count. "
    "The test's own assertions are no finding.",
    effect="Every row is fetched and built to learn one number.",
    cure="Let the database count: `select(func.count())`, or `exists()` for a truth test.",
)


def find(subject: Subject) -> Iterator[Finding]:
    """Report queries whose rows are only counted."""
    told: set[tuple[CallSite, str]] = set()
    repeated = {query.index for repetition in reads(subject) for query in repetition.queries}
    for query in subject.queries:
        if query.index in repeated:
            continue
        if not is_asked(query.statement, query.kind, query.orm_cause.loading) or not query.stack:
            continue
        frame = query.stack[0]
        use = counted(frame, in_test=frame.file == subject.file or subject.in_test(frame))
        if use is None or query.call_site is None:
            continue
        if (query.call_site, query.fingerprint) in told:
            continue
        told.add((query.call_site, query.fingerprint))
        cure = attempt(counting.cure, frame, query.orm_cause.entity, use)
        label = label_of(query)
        yield Finding(
            nodeid=subject.nodeid,
            rule=RULE,
            label=label,
            count=1,
            message=f"{label}: all rows are loaded, and only their {_WORDS[use]} is used",
            call_sites=(query.call_site,),
            parent=query.call_site,
            cure=cure,
            advice="let the database answer",
            statement=query.statement,
            fingerprint=query.fingerprint,
            request=query.context.request_name,
            seconds=query.duration_seconds,
            queries=(query.index,),
        )


def is_asked(statement: str, kind: Kind, loading: Loading) -> bool:
    """Whether somebody asked for all the rows that there are."""
    return (
        kind in READS and loading in (Loading.STATEMENT, Loading.CORE) and not is_limited(statement)
    )


_WORDS = {"count": "number", "exists": "existence"}
