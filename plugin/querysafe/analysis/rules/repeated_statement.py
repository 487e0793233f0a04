"""QS103: one statement is sent again for each row."""

from collections.abc import Iterator

from querysafe.analysis.cures import rows
from querysafe.analysis.cures.attempt import attempt
from querysafe.analysis.cures.dataloader import dataloader
from querysafe.analysis.labels import label_of, origin_of
from querysafe.analysis.repetition import reads
from querysafe.analysis.subject import Subject, calls_of, sites_of
from querysafe.finding import Finding, Rule, Severity

RULE = Rule(
    id="QS103",
    name="repeated-statement",
    severity=Severity.ERROR,
    summary="one statement is sent again for each row",
    condition="A loop sends the same statement twice or more with another key each time: "
    "`Session.get`, a SELECT, `text()` or driver SQL. Paging, chunks of keys, polling, retries, "
    "the test's own assertions and separate requests are no finding.",
    effect="One query for each row, as with a lazy relationship.",
    cure="Ask once for all keys: `WHERE key IN (…)`; in a GraphQL resolver use a DataLoader.",
)


def find(subject: Subject) -> Iterator[Finding]:
    """Report loops of reads by key."""
    for repetition in reads(subject):
        if repetition.sort != "row":
            continue
        queries = repetition.queries
        first = queries[0]
        label, count = label_of(first), calls_of(queries)
        if first.context.graphql_path and not first.orm_cause.path:
            cure = attempt(dataloader, queries)
        elif subject.is_of_unit_of_work(first):
            cure = ""  # the line says what to write, and not what SQLAlchemy asks for that
        else:
            cure = attempt(rows.cure, queries)
        yield Finding(
            nodeid=subject.nodeid,
            rule=RULE,
            label=label,
            count=count,
            message=f"{label} is asked for row by row: {count} queries",
            call_sites=sites_of(queries),
            parent=origin_of(subject, repetition),
            cure=cure,
            advice="ask once for the keys of all rows, then look each one up in memory",
            statement=first.statement,
            fingerprint=first.fingerprint,
            graphql_path=first.context.graphql_path,
            request=first.context.request_name,
            seconds=sum(query.duration_seconds for query in queries),
            queries=tuple(query.index for query in queries),
        )
