"""What is kept of a statement's parameters, and the policy that decided it."""

from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ParamsPolicy(StrEnum):
    """How much of a statement's parameters a recording keeps."""

    KEEP = "keep"
    """The values, as the driver got them: the default in tests."""
    TYPES = "types"
    """The name of each value's type."""
    DROP = "drop"
    """Nothing: the default at run time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """The parameters of one execution under a policy.

    ``values`` holds one entry a placeholder in the order of the driver's
    parameters: ``(name, value)``, where ``name`` is the position as text for
    positional styles. It is empty when the policy withholds them. Only the
    first parameter set of an ``executemany`` is held; ``sets`` counts them all.
    """

    policy: ParamsPolicy
    values: tuple[tuple[str, Any], ...] = ()
    sets: int = 1

    @property
    def known(self) -> bool:
        """Whether the values themselves are here."""
        return self.policy is ParamsPolicy.KEEP

    def key(self) -> Hashable:
        """A value that is equal for equal parameters, also for unhashable ones."""
        return tuple((name, _hashable(value)) for name, value in self.values)

    def to_event(self) -> dict[str, str]:
        """Render as OpenTelemetry ``db.query.parameter.<key>`` attributes."""
        return {f"db.query.parameter.{name}": _text(value) for name, value in self.values}


def keep(
    parameters: Any,
    policy: ParamsPolicy,
    *,
    executemany: bool = False,
    sets: int | None = None,
) -> Params:
    """Apply a policy to the driver's parameters (a mapping, a sequence, or a list of them).

    ``sets`` says how many parameter sets there were where the parameters do not.
    """
    if sets is None:
        sets = len(parameters) if executemany else 1
    if executemany:
        parameters = parameters[0] if parameters else ()
    if policy is ParamsPolicy.DROP or not parameters:
        return Params(policy=policy, sets=sets)
    pairs = parameters.items() if isinstance(parameters, dict) else enumerate(parameters, 1)
    if policy is ParamsPolicy.TYPES:
        values = tuple([(str(name), type(value).__name__) for name, value in pairs])
    else:
        values = tuple([(str(name), value) for name, value in pairs])
    return Params(policy=policy, values=values, sets=sets)


def _hashable(value: Any) -> Hashable:
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return type(value), value


def _text(value: Any, limit: int = 200) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else f"{text[:limit]}…"
