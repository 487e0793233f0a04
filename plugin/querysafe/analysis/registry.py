"""Every rule, and the judgement of one test by all of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from querysafe.analysis.cures.arguments import complete
from querysafe.analysis.cures.names import imports, spelled
from querysafe.analysis.rules import (
    cartesian_product,
    duplicate_read,
    history,
    limits,
    loop_invariant,
    n_plus_one,
    n_plus_one_column,
    over_fetch,
    plans,
    query_per_row,
    repeated_statement,
    row_by_row_write,
    unused_eager_load,
)
from querysafe.analysis.subject import Subject
from querysafe.errors import SettingsError
from querysafe.finding import Finding, Rule
from querysafe.query import Frame

_FINDERS: tuple[tuple[Rule, Callable[[Subject], Iterator[Finding]]], ...] = (
    (n_plus_one.RULE, n_plus_one.find),
    (n_plus_one_column.RULE, n_plus_one_column.find),
    (repeated_statement.RULE, repeated_statement.find),
    (query_per_row.RULE, query_per_row.find),
    (loop_invariant.RULE, loop_invariant.find),
    (row_by_row_write.RULE, row_by_row_write.find),
    (duplicate_read.RULE, duplicate_read.find),
    (unused_eager_load.RULE, unused_eager_load.find),
    (cartesian_product.RULE, cartesian_product.find),
    (over_fetch.RULE, over_fetch.find),
    (limits.BUDGET, limits.find_budget),
    (limits.TIME_BUDGET, limits.find_time_budget),
    (limits.SLOW, limits.find_slow),
)
_AT_PARENTS = (n_plus_one.RULE, n_plus_one_column.RULE, duplicate_read.RULE)
"""The rules whose cure mends the query that loaded the rows, or that read them first."""
RULES: tuple[Rule, ...] = (
    *(rule for rule, _ in _FINDERS),
    plans.NO_INDEX,
    history.REGRESSION,
    history.GROWTH,
)
_BY_NAME = {name: rule for rule in RULES for name in (rule.id, rule.name)}


def rule(name: str) -> Rule:
    """Find a rule by its id (``QS101``) or its name (``n-plus-one``).

    Raises :class:`SettingsError` for any other name.
    """
    found = _BY_NAME.get(name) or _BY_NAME.get(name.upper()) or _BY_NAME.get(name.lower())
    if found is None:
        raise SettingsError(
            f'there is no rule "{name}"',
            hint=f"the rules are {', '.join(each.id for each in RULES)}; see `querysafe rules`",
        )
    return found


def findings(subject: Subject, rules: Iterable[str] | None = None) -> tuple[Finding, ...]:
    """Judge one test by the rules with the given ids, or by all of them."""
    chosen = None if rules is None else frozenset(rules)
    return tuple(
        _pasteable(subject, finding)
        for each, find in _FINDERS
        if chosen is None or each.id in chosen
        for finding in find(subject)
    )


def _pasteable(subject: Subject, finding: Finding) -> Finding:
    """A finding whose cure names what is known where it is pasted, with its import lines."""
    if not finding.cure:
        return finding
    place = _place(subject, finding)
    code = complete(finding.cure, place)
    if finding.rule in (n_plus_one.RULE, n_plus_one_column.RULE):
        code = spelled(code, place)  # where no query of the rows was found, nobody has done it yet
    finding = replace(finding, cure=code)
    return replace(finding, imports=imports(finding.cure, place)) if finding.cure else finding


def _place(subject: Subject, finding: Finding) -> Frame | None:
    """A frame of the module into which a cure is pasted."""
    site = finding.parent if finding.rule in _AT_PARENTS else None
    if site is None and finding.call_sites:
        site = finding.call_sites[0]
    return next(
        (
            frame
            for query in subject.recording
            for frame in query.stack
            if site is not None and frame.site.path == site.path
        ),
        None,
    )
