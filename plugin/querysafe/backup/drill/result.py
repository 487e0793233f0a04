"""What a drill found: its checks, the time a restore takes, the age of what it restores."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    outcome: str
    """``passed``, ``failed``, or ``skipped`` with the reason in ``detail``."""
    detail: str = ""
    seconds: float = 0.0
    database: str = ""
    """Which was looked at, where a cluster was restored; empty for what concerns all of it."""

    @property
    def told(self) -> str:
        """Its name for a person: ``indexes of shop``."""
        return f"{self.name} of {self.database}" if self.database else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One drill."""

    backup: str
    kind: str
    database: str
    moment: str
    """What was restored to: ``the backup``, or a moment of the archive."""
    started: datetime
    ended: datetime
    checks: tuple[Check, ...]
    restore_seconds: float | None
    """Measured RTO: from the first byte read to the first query; ``None`` when it failed."""
    age_seconds: float
    """Measured RPO: how old the newest restorable state was when the drill began."""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether a restore happened and nothing failed."""
        return self.restore_seconds is not None and not self.failures

    @property
    def failures(self) -> tuple[Check, ...]:
        """What is wrong."""
        return tuple(check for check in self.checks if check.outcome == FAILED)

    def to_json(self) -> dict[str, Any]:
        """The wire form: of the command, the task, and the note in the repository."""
        return {
            "schema": 1,
            "backup": self.backup,
            "kind": self.kind,
            "database": self.database,
            "moment": self.moment,
            "started": self.started.isoformat(),
            "ended": self.ended.isoformat(),
            "passed": self.passed,
            "rto_seconds": self.restore_seconds,
            "rpo_seconds": self.age_seconds,
            "checks": [
                {
                    "name": check.name,
                    "database": check.database or None,
                    "outcome": check.outcome,
                    "detail": check.detail,
                    "seconds": round(check.seconds, 3),
                }
                for check in self.checks
            ],
            **({"facts": dict(self.facts)} if self.facts else {}),
        }
