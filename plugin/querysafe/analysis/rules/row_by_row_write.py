"""QS106: rows are written one by one."""

from collections.abc import Iterator

from querysafe.analysis.cures import relations, writing
from querysafe.analysis.cures.attempt import attempt
from querysafe.analysis.labels import label_of, origin_of
from querysafe.analysis.repetition import writes
from querysafe.analysis.subject import Subject, calls_of, sites_of
from querysafe.finding import Finding, Rule, Severity
from querysafe.query import Kind

RULE = Rule(
    id="QS106",
    name="row-by-row-write",
    severity=Severity.ERROR,
    summary="rows are written one by one",
    condition="A loop executes, flushes or commits an INSERT, UPDATE or DELETE twice or more. "
    "What one flush sends counts as one; a savepoint for each row with a handler for bad rows, "
    "a worker that takes one job after the other and set-up in fixtures are no finding.",
    effect="One round trip, and with a commit one disk flush, for each row.",
    cure="Collect the rows, then `add_all` and one flush, `insert().values([...])`, or one "
    "UPDATE or DELETE with a condition.",
)
_VERBS = {Kind.INSERT: "inserted", Kind.UPDATE: "updated", Kind.DELETE: "deleted"}


def find(subject: Subject) -> Iterator[Finding]:
    """Report loops of writes."""
    for repetition in writes(subject):
        queries = repetition.queries
        first = queries[0]
        if relations.merging(first):
            continue  # what merge looks for is told, and what it then writes follows from that
        label, count = label_of(first), calls_of(queries)
        yield Finding(
            nodeid=subject.nodeid,
            rule=RULE,
            label=label,
            count=count,
            message=f"rows are {_VERBS[first.kind]} one by one ({label}): {count} round trips",
            call_sites=sites_of(queries),
            parent=origin_of(subject, repetition),
            cure=attempt(writing.cure, queries, repetition.loop),
            advice="collect the rows and write them in one statement",
            statement=first.statement,
            fingerprint=first.fingerprint,
            graphql_path=first.context.graphql_path,
            request=first.context.request_name,
            seconds=sum(query.duration_seconds for query in queries),
            queries=tuple(query.index for query in queries),
        )
