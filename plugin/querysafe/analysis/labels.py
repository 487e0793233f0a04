"""Words for statements, stable when columns are added, and where a loop's rows came from."""

import ast

from querysafe.analysis.cures.relations import call_of
from querysafe.analysis.repetition import Repetition
from querysafe.analysis.sources import assignments, function_of, names_in, source
from querysafe.analysis.subject import READS, Subject, calls_that_fan_out
from querysafe.analysis.values import tables_of
from querysafe.query import CallSite, CapturedQuery, Frame


def label_of(query: CapturedQuery) -> str:
    """``Product by key``, ``SELECT products``, ``INSERT orders``."""
    if query.orm_cause.lookup and query.orm_cause.entity:
        return f"{query.orm_cause.entity} by key"
    tables = ", ".join(sorted(tables_of(query.statement)))
    return f"{query.kind.value} {tables}".strip()


def origin_of(subject: Subject, repetition: Repetition) -> CallSite | None:
    """Where the query stands that read the rows of a loop, as far as the source tells."""
    first = repetition.queries[0]
    if first.context.graphql_path:
        return _above_in_graphql(subject, first)
    loop = repetition.loop
    if loop.node is not None and loop.iterable is not None:
        return _sent_by(subject, first, loop.frame, loop.iterable, loop.node.lineno)
    for frame in first.stack[1:]:
        call = call_of(source(frame.file).chain(frame))
        for argument in call.args if call is not None else ():
            found = _sent_by(subject, first, frame, argument, argument.lineno)
            if found is not None:
                return found
    return _above_fan_out(subject, first)


def _above_fan_out(subject: Subject, query: CapturedQuery) -> CallSite | None:
    """The query of the function that began a task or thread for each row: ``gather``, ``map``."""
    if not query.stack:
        return None
    outermost = query.stack[-1]
    asked = set[tuple[str, int]]()
    for index in sorted((i for i in subject.by_index if i < query.index), reverse=True):
        for frame in subject.by_index[index].stack:
            if (frame.file, frame.first_line) in asked:
                continue
            asked.add((frame.file, frame.first_line))
            function = function_of(source(frame.file).chain(frame))
            for call in calls_that_fan_out(function, outermost) if function else ():
                for argument in call.args:
                    found = _sent_by(subject, query, frame, argument, call.lineno)
                    if found is not None:
                        return found
    return None


def _above_in_graphql(subject: Subject, query: CapturedQuery) -> CallSite | None:
    """The query of the field whose items a resolver is called for."""
    above = query.context.graphql_path.rpartition("[]")[0]
    return next(
        (
            each.call_site
            for each in reversed(subject.recording.queries[: query.index])
            if above and each.context.graphql_path in (above, f"{above}[]")
        ),
        None,
    )


def _sent_by(
    subject: Subject, query: CapturedQuery, frame: Frame, values: ast.expr, line: int
) -> CallSite | None:
    """The query that read what an expression stands for."""
    lines = _lines_feeding(frame, values, line)
    for each in reversed(subject.recording.queries):
        if each.index >= query.index or each.kind not in READS:
            continue
        for its in each.stack:
            if its.file == frame.file and its.site.line in lines:
                return each.call_site
    return None


def _lines_feeding(frame: Frame, values: ast.expr, line: int) -> set[int]:
    chain = source(frame.file).chain(frame)
    function = function_of(chain) or source(frame.file).tree
    lines = set(range(values.lineno, (values.end_lineno or 0) + 1))
    names, done = names_in(values), set[str]()
    while names:
        name = names.pop()
        done.add(name)
        for assignment in assignments(function, name, line)[-1:]:
            lines |= set(range(assignment.lineno, (assignment.end_lineno or 0) + 1))
            assert assignment.value is not None
            names |= names_in(assignment.value) - done
    return lines
