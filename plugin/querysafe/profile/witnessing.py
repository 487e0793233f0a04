"""A query as a witness other than SQLAlchemy's events tells it."""

from collections.abc import Mapping, Sequence
from typing import Any

from querysafe.fingerprint import fingerprint, kind
from querysafe.params import Params, ParamsPolicy
from querysafe.query import CapturedQuery, Kind


def witnessed(
    statement: str,
    *,
    source: str,
    params: Mapping[str, Any] | Sequence[Any] | None = None,
    calls: int = 1,
    seconds: float = 0.0,
    error: str | None = None,
) -> CapturedQuery:
    """Make a query of what is known; ``params`` is None where its values are not.

    ``calls`` of 0 marks a further example of values, whose calls another query counts.
    """
    pairs = params.items() if isinstance(params, Mapping) else enumerate(params or (), 1)
    return CapturedQuery(
        statement=statement,
        fingerprint=fingerprint(statement),
        kind=Kind(kind(statement)),
        params=Params(
            policy=ParamsPolicy.DROP if params is None else ParamsPolicy.KEEP,
            values=tuple((str(name), value) for name, value in pairs),
        ),
        duration_seconds=seconds,
        calls=calls,
        source=source,
        error=error,
    )
