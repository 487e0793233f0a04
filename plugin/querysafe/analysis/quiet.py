"""Whether a test that sends no statement twice can have a finding at all."""

from collections.abc import Iterable
from typing import Protocol

from querysafe.analysis.counting import counted
from querysafe.analysis.rules.over_fetch import is_asked
from querysafe.analysis.subject import Limits
from querysafe.query import Frame, Kind, OrmCause


class Sent(Protocol):
    """One statement that one stack sends, the same object each time."""

    statement: str
    kind: Kind
    orm_cause: OrmCause
    stack: tuple[Frame, ...]


REMEMBERED = 5000
_plain: dict[Sent, bool] = {}


def is_quiet(
    sent: Iterable[Sent], limits: Limits, *, queries: int, seconds: float, slowest: float
) -> bool:
    """Whether no rule has anything to say of statements that all differ.

    None of them loads a relationship ahead or row by row, nor joins collections: that is for
    the caller to know. ``seconds`` are those of all queries, ``slowest`` of one.
    """
    return (
        limits.threshold > 1
        and slowest < limits.slow_seconds
        and (limits.max_queries is None or queries <= limits.max_queries)
        and (limits.max_seconds is None or seconds <= limits.max_seconds)
        and all(map(_is_plain, sent))
    )


def _is_plain(sent: Sent) -> bool:
    """Whether all of its rows are used for more than their number, wherever the test stands."""
    known = _plain.get(sent)
    if known is None:
        if len(_plain) >= REMEMBERED:
            _plain.clear()
        known = _plain[sent] = (
            not sent.stack
            or not is_asked(sent.statement, sent.kind, sent.orm_cause.loading)
            or counted(sent.stack[0], in_test=False) is None
        )
    return known
