"""A query as a witness other than SQLAlchemy's events tells it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from querysafe.fingerprint import fingerprint, kind
from querysafe.params import Params, ParamsPolicy
from querysafe.query import CallSite, CapturedQuery, Kind


def witnessed(
    statement: str,
    *,
    source: str,
    params: Mapping[str, Any] | Sequence[Any] | None = None,
    calls: int = 1,
    seconds: float = 0.0,
    error: str | None = None,
    place: tuple[str, int] | None = None,
) -> CapturedQuery:
    """Make a query of what is known; ``params`` is None where its values are not.

    ``calls`` of 0 marks a further example of values, whose calls another query counts.
    ``place`` is the file and line in which it stands: its call site is there.
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
        call_site=None
        if place is None
        else CallSite(path=shown(place[0]), line=place[1], function=""),
    )


def shown(path: str) -> str:
    """A file by its path from the current folder, or its name: reports go to other machines."""
    relative = os.path.relpath(path) if Path(path).is_absolute() else path
    return Path(path).name if relative.startswith(os.pardir) else relative
