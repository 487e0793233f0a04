"""QS105: a loop asks the same question with the same parameters each time."""

import ast
from collections.abc import Iterator

from querysafe.analysis.cures import expressions
from querysafe.analysis.cures.attempt import attempt
from querysafe.analysis.cures.rows import above
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
    built = expressions.find(frame)
    if built is None:
        statement = statement_of(chain)
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            return ast.unparse(statement)
        return "known = session.scalars(statement).all()  # once"
    asked, end = _asked(chain, built.call)
    holder = next((node for node in chain if getattr(node, "value", None) is asked), None)
    if isinstance(holder, ast.Assign | ast.AnnAssign):
        return ast.unparse(holder)
    rows = ast.unparse(asked)
    if end in _RESULTS:
        rows = f"({rows}).all()" if isinstance(asked, ast.Await) else f"{rows}.all()"
    return f"known = {rows}"


_RESULTS = ("execute", "scalars", "unique", "mappings", "tuples", "partitions")
"""Calls whose result can be read only once."""


def _asked(chain: tuple[ast.AST, ...], call: ast.Call) -> tuple[ast.expr, str]:
    """The call with what takes its result, ``….scalars().all()``, and the name of the last."""
    asked: ast.expr = call
    end = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    for node in reversed(above(chain, call)):
        if isinstance(node, ast.Await) and node.value is asked:
            asked = node
        elif isinstance(node, ast.Attribute) and node.value is asked:
            asked, end = node, node.attr
        elif isinstance(node, ast.Call) and node.func is asked:
            asked = node
        else:
            break
    return asked, end
