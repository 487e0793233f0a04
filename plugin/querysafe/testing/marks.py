"""The marker ``querysafe``: what a team writes beside a test."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest

from querysafe.errors import SettingsError
from querysafe.finding import Finding

MARKER = (
    "querysafe(max_queries=None, max_seconds=None, allow=(), reason='', threshold=None): "
    "budgets of a test, and findings that are meant: rules (QS101, n-plus-one) or labels "
    "(Order.lines), with the reason."
)
_NAMES = ("max_queries", "max_seconds", "allow", "reason", "threshold")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What the markers of one test say together; the nearest wins."""

    max_queries: int | None = None
    max_seconds: float | None = None
    threshold: int | None = None
    allow: tuple[tuple[str, str], ...] = ()
    """Pattern and reason."""


def marks_of(item: pytest.Item) -> Marks:
    """Read the markers of a test, its class and its module.

    Raises :class:`SettingsError` for an argument that does not exist or has a wrong type.
    """
    values: dict[str, Any] = {}
    allow: list[tuple[str, str]] = []
    for mark in item.iter_markers("querysafe"):
        if mark.args:
            raise SettingsError(
                f"the marker querysafe of {item.nodeid} has a positional argument",
                hint="name it: @pytest.mark.querysafe(max_queries=3)",
            )
        for name, value in mark.kwargs.items():
            if name not in _NAMES:
                raise SettingsError(
                    f'the marker querysafe of {item.nodeid} has no argument "{name}"',
                    hint=f"its arguments are {', '.join(_NAMES)}",
                )
            if name in ("max_queries", "max_seconds", "threshold"):
                if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                    raise SettingsError(
                        f"the marker querysafe of {item.nodeid} has {name}={value!r}",
                        hint=f"write a number: {name}=3",
                    )
                values.setdefault(name, value)
        patterns = mark.kwargs.get("allow", ())
        patterns = (patterns,) if isinstance(patterns, str) else tuple(patterns)
        allow += [(str(pattern), str(mark.kwargs.get("reason", ""))) for pattern in patterns]
    return Marks(allow=tuple(allow), **values)


def accepts(pattern: str, finding: Finding) -> bool:
    """Whether a pattern names a finding: by rule, by label, or by both (``QS101 Order.lines``)."""
    rule, label = finding.rule, finding.label
    names = (rule.id, rule.name, label, f"{rule.id} {label}", f"{rule.name} {label}")
    return any(fnmatchcase(name, pattern) for name in names) or any(
        fnmatchcase(site.path, pattern) or fnmatchcase(str(site), pattern)
        for site in finding.call_sites[:1]
    )
