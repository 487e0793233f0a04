"""QS513: a concurrent build is cut off by a short lock_timeout."""

import re
from collections.abc import Iterator

from querysafe.advice.revision.lint.breach import Breach, autocommit, called, dedented, executed
from querysafe.advice.revision.lint.change import BUILDS, Revision, Surroundings
from querysafe.finding import Rule, Severity

RULE = Rule(
    id="QS513",
    name="impatient-build",
    severity=Severity.WARNING,
    summary="a short lock_timeout cuts a concurrent build off",
    condition="A revision sets a `lock_timeout` of less than five minutes, and builds or drops an "
    "index concurrently under it.",
    effect="A concurrent build waits for every older transaction, and holds up nobody meanwhile. "
    "Cut off, it leaves an invalid index.",
    cure="Set `lock_timeout` to 0 for it, and back afterwards.",
)
_SECONDS = {"": 0.001, "us": 0.000001, "ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}
PATIENT_SECONDS = 300


def find(revision: Revision, around: Surroundings) -> Iterator[Breach]:
    """Report concurrent builds under a short limit."""
    del around
    for change in revision.changes:
        seconds = _seconds(change.lock_timeout)
        if not (change.kind in BUILDS and change.concurrently and change.outside_transaction):
            continue
        if 0 < seconds < PATIENT_SECONDS:
            code = executed(change.source) if change.is_sql else dedented(change.source)
            yield Breach(
                change=change,
                message=f"index {called(change)}: a lock_timeout of {change.lock_timeout} cuts a "
                "concurrent build off, and leaves it invalid",
                cure=autocommit(
                    executed("SET lock_timeout = 0"), code, executed("RESET lock_timeout")
                ),
                advice="set lock_timeout to 0 for it",
            )


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d|)", text.strip())
    return float(found[1]) * _SECONDS[found[2]] if found else 0.0
