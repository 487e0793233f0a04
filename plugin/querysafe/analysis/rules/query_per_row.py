"""QS104: the first rows, or the newest one, are asked for parent by parent."""

from collections.abc import Iterator

from querysafe.analysis.cures import ranking
from querysafe.analysis.cures.attempt import attempt
from querysafe.analysis.labels import label_of, origin_of
from querysafe.analysis.repetition import reads
from querysafe.analysis.subject import Subject, calls_of, sites_of
from querysafe.finding import Finding, Rule, Severity

RULE = Rule(
    id="QS104",
    name="query-per-row",
    severity=Severity.ERROR,
    summary="the first rows of each parent are asked for one parent at a time",
    condition="A loop sends an ordered SELECT with a LIMIT twice or more, each time for another "
    "parent. Pages of one list, by offset or by key, are no finding.",
    effect="One query for each parent, which an eager load cannot replace because of the limit.",
    cure="Number the rows of every parent in one query with `row_number() OVER (PARTITION BY …)`, "
    "or use `DISTINCT ON` or a LATERAL join on PostgreSQL.",
)


def find(subject: Subject) -> Iterator[Finding]:
    """Report loops of limited reads by key."""
    for repetition in reads(subject):
        if repetition.sort != "first":
            continue
        queries = repetition.queries
        first = queries[0]
        label, count = label_of(first), calls_of(queries)
        yield Finding(
            nodeid=subject.nodeid,
            rule=RULE,
            label=label,
            count=count,
            message=f"the first rows of {label} are asked for parent by parent: {count} queries",
            call_sites=sites_of(queries),
            parent=origin_of(subject, repetition),
            cure=attempt(ranking.cure, queries),
            advice="number the rows of all parents in one query and keep the first of each",
            statement=first.statement,
            fingerprint=first.fingerprint,
            graphql_path=first.context.graphql_path,
            request=first.context.request_name,
            seconds=sum(query.duration_seconds for query in queries),
            queries=tuple(query.index for query in queries),
        )
