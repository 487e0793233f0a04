"""The marker ``querysafe``: what a team writes beside a test."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest

from querysafe.errors import SettingsError
from querysafe.finding import Finding
from querysafe.options import did_you_mean

MARKER = (
    "querysafe(max_queries=None, max_seconds=None, allow=(), reason='', threshold=None): "
    "budgets of a test, and findings that are meant: rules (QS101, n-plus-one) or labels "
    "(Order.lines), with the reason."
)
_NAMES = ("max_queries", "max_seconds", "allow", "reason", "threshold")
_NUMBERS: dict[str, tuple[Any, int]] = {
    "max_queries": (int, 0),
    "max_seconds": (int | float, 0),
    "threshold": (int, 2),
}


@dataclass(frozen=True, slots=True)
class Allowance:
    """One pattern that somebody wrote down, and where."""

    pattern: str
    reason: str = ""
    scope: str = ""
    """Node id of the test, class or module that the marker stands at; "" in the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What the markers of one test say together; the nearest wins."""

    max_queries: int | None = None
    max_seconds: float | None = None
    threshold: int | None = None
    allow: tuple[Allowance, ...] = ()


NO_MARKS = Marks()


def marks_of(item: pytest.Item) -> Marks:
    """Read the markers of a test, its class and its module.

    Raises :class:`SettingsError` for an argument that does not exist or has a wrong type.
    """
    values: dict[str, Any] = {}
    allow: list[Allowance] = []
    for node, mark in item.iter_markers_with_node("querysafe"):
        scope = node.nodeid.partition("[")[0] if node is item else node.nodeid
        if mark.args:
            raise SettingsError(
                f"the marker querysafe of {scope} has a positional argument",
                hint="name it: @pytest.mark.querysafe(max_queries=3)",
            )
        for name, value in mark.kwargs.items():
            if name not in _NAMES:
                raise SettingsError(
                    f'the marker querysafe of {scope} has no argument "{name}"',
                    hint=did_you_mean(name, _NAMES),
                )
            if name in _NUMBERS and value is not None:
                values.setdefault(name, _number(name, value, scope))
        allow += _allowances(mark, scope)
    return Marks(allow=tuple(allow), **values) if allow or values else NO_MARKS


def _number(name: str, value: Any, scope: str) -> Any:
    kind, least = _NUMBERS[name]
    if isinstance(value, bool) or not isinstance(value, kind) or value < least:
        raise SettingsError(
            f"the marker querysafe of {scope} has {name}={value!r}",
            hint=f"write a {'whole ' if kind is int else ''}number from {least} on: {name}=3",
        )
    return value


def _allowances(mark: pytest.Mark, scope: str) -> list[Allowance]:
    patterns, reason = mark.kwargs.get("allow") or (), mark.kwargs.get("reason") or ""
    patterns = (patterns,) if isinstance(patterns, str) else patterns
    if not isinstance(patterns, list | tuple | set | frozenset) or not all(
        isinstance(pattern, str) and pattern.strip() for pattern in patterns
    ):
        raise SettingsError(
            f"the marker querysafe of {scope} has allow={patterns!r}",
            hint='write rules or labels: allow=["QS101", "Order.lines"]',
        )
    if not isinstance(reason, str):
        raise SettingsError(
            f"the marker querysafe of {scope} has reason={reason!r}",
            hint='write a sentence: reason="three lines at most"',
        )
    return [Allowance(pattern, reason.strip(), scope) for pattern in sorted(patterns)]


def accepts(pattern: str, finding: Finding) -> bool:
    """Whether a pattern names a finding: by rule, by label, or by both (``QS101 Order.lines``)."""
    rule, label = finding.rule, finding.label
    names = (rule.id, rule.name, label, f"{rule.id} {label}", f"{rule.name} {label}")
    return any(fnmatchcase(name, pattern) for name in names) or any(
        fnmatchcase(site.path, pattern) or fnmatchcase(str(site), pattern)
        for site in finding.call_sites[:1]
    )
