"""Words for statements, stable when columns are added, and where a loop's rows came from."""

from querysafe.analysis.repetition import Repetition
from querysafe.analysis.sources import source
from querysafe.analysis.subject import READS, Subject
from querysafe.analysis.values import tables_of
from querysafe.query import CallSite, CapturedQuery


def label_of(query: CapturedQuery) -> str:
    """``Product by key``, ``SELECT products``, ``INSERT orders``."""
    if query.orm_cause.lookup and query.orm_cause.entity:
        return f"{query.orm_cause.entity} by key"
    tables = ", ".join(sorted(tables_of(query.statement)))
    return f"{query.kind.value} {tables}".strip()


def origin_of(subject: Subject, repetition: Repetition) -> CallSite | None:
    """Where the query stands that read the rows of a loop, as far as the source tells."""
    loop = repetition.loop
    if loop.node is None or loop.iterable is None:
        return None
    first = repetition.queries[0].index
    lines = _lines_feeding(subject, repetition)
    for query in reversed(subject.recording.queries):
        if query.index >= first or query.kind not in READS:
            continue
        for frame in query.stack:
            if frame.file == loop.frame.file and frame.site.line in lines:
                return query.call_site
    return None


def _lines_feeding(subject: Subject, repetition: Repetition) -> set[int]:
    from querysafe.analysis.sources import assignments, function_of, names_in

    loop = repetition.loop
    assert loop.iterable is not None and loop.node is not None
    chain = source(loop.frame.file).chain(loop.frame)
    function = function_of(chain) or source(loop.frame.file).tree
    lines = set(range(loop.iterable.lineno, (loop.iterable.end_lineno or 0) + 1))
    names, done = names_in(loop.iterable), set[str]()
    while names:
        name = names.pop()
        done.add(name)
        for assignment in assignments(function, name, loop.node.lineno)[-1:]:
            lines |= set(range(assignment.lineno, (assignment.end_lineno or 0) + 1))
            assert assignment.value is not None
            names |= names_in(assignment.value) - done
    return lines
