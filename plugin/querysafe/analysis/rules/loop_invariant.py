"""QS105: a loop asks the same question with the same parameters each time."""

import ast
from collections.abc import Iterator

from querysafe.analysis.cures import expressions
from querysafe.analysis.cures.attempt import attempt
from querysafe.analysis.labels import label_of, origin_of
from querysafe.analysis.repetition import reads
from querysafe.analysis.sources import source, statement_of
from querysafe.analysis.subject import Subject, calls_of, sites_of
from querysafe.finding import Finding, Rule, Severity
from querysafe.query import CapturedQuery

RULE = Rule(
    id="QS105",
    name="loop-invariant-query",
    severity=Severity.ERROR,
    summary="a loop asks the same question each time",
    condition="A loop over data sends the same SELECT with the same parameters twice or more, "
    "and nothing writes to its tables in between. Polling and retries are no finding.",
    effect="One needless query for each row.",
    cure="Ask before the loop.",
)


def find(subject: Subject) -> Iterator[Finding]:
    """Report reads in a loop that depend on nothing of the loop."""
    for repetition in reads(subject):
        if repetition.sort != "same":
            continue
        queries = repetition.queries
        first = queries[0]
        label, count = label_of(first), calls_of(queries)
        yield Finding(
            nodeid=subject.nodeid,
            rule=RULE,
            label=label,
            count=count,
            message=f"{label} is asked for with the same parameters in a loop: {count} queries",
            call_sites=sites_of(queries),
            parent=origin_of(subject, repetition),
            cure=attempt(hoisted, first),
            advice="ask once, before the loop",
            statement=first.statement,
            fingerprint=first.fingerprint,
            graphql_path=first.context.graphql_path,
            request=first.context.request_name,
            seconds=sum(query.duration_seconds for query in queries),
            queries=tuple(query.index for query in queries),
        )


def hoisted(query: CapturedQuery) -> str:
    """The statement that asks, to stand before the loop."""
    frame = query.stack[0] if query.stack else None
    if frame is None or frame.template:
        return "known = session.scalars(statement).all()  # once"
    chain = source(frame.file).chain(frame)
    statement = statement_of(chain)
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return ast.unparse(statement)
    built = expressions.find(frame)
    if built is None:
        return "known = session.scalars(statement).all()  # once"
    awaited = any(isinstance(node, ast.Await) for node in chain)
    return f"known = {'await ' if awaited else ''}{ast.unparse(built.call)}"
