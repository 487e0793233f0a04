"""How each kind of work last ended, remembered in the repository for whoever asks there.

A backup that failed leaves no backup, and one that was never begun leaves nothing at all:
what a monitor needs is the last success, the last failure and its words.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from querysafe.backup.errors import Busy, RepositoryError
from querysafe.backup.repository import Repository
from querysafe.errors import QuerysafeError

_FOLDER = "outcomes/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The last that is known of one kind of work on one subject."""

    work: str
    """``create``, ``verify``, ``drill`` or ``expire``."""
    subject: str
    """What it worked on: ``logical shop``, ``base`` …, or nothing for the whole repository."""
    succeeded: datetime | None = None
    failed: datetime | None = None
    words: str = ""
    """Why it failed last."""
    failures: int = 0
    """In a row, since it last succeeded."""
    seconds: float = 0.0
    """How long the last run took."""

    @property
    def is_failing(self) -> bool:
        """Whether the last run failed."""
        return self.failures > 0


class Noting:
    """One run of some work, while it runs."""

    def __init__(self) -> None:
        self.problem: str | None = None

    def failed(self, words: str) -> None:
        """Count the run as a failure though nothing is raised."""
        self.problem = words


@contextmanager
def noted(repository: Repository, work: str, subject: str = "") -> Iterator[Noting]:
    """Remember how the block ends. :class:`Busy` is no outcome: the other run has its own.

    What the repository refuses to remember is lost in silence: the work itself tells more.
    """
    started = datetime.now(UTC)
    noting = Noting()
    try:
        yield noting
    except Busy:
        raise
    except QuerysafeError as error:
        _remember(repository, work, subject, started, error.message)
        raise
    except Exception as error:
        # A time limit, or a mistake of ours; its words may hold what nobody should keep.
        _remember(repository, work, subject, started, f"it was ended by {type(error).__name__}")
        raise
    _remember(repository, work, subject, started, noting.problem)


def outcomes(repository: Repository) -> tuple[Outcome, ...]:
    """Everything that is remembered, sorted by work and subject."""
    found = (_read(repository, entry.name) for entry in repository.entries(_FOLDER))
    return tuple(
        sorted(
            (each for each in found if each is not None),
            key=lambda each: (each.work, each.subject),
        )
    )


def _remember(
    repository: Repository, work: str, subject: str, started: datetime, problem: str | None
) -> None:
    digest = hashlib.sha256(subject.encode()).hexdigest()[:16]
    name = f"{_FOLDER}{work}-{digest}.json"
    now = datetime.now(UTC)
    seconds = (now - started).total_seconds()
    hurried = repository.hurried()
    with suppress(RepositoryError):
        before = _read(hurried, name) or Outcome(work=work, subject=subject)
        after = (
            replace(before, succeeded=now, words="", failures=0, seconds=seconds)
            if problem is None
            else replace(
                before, failed=now, words=problem, failures=before.failures + 1, seconds=seconds
            )
        )
        content = json.dumps(asdict(after), default=lambda time: time.isoformat(), indent=1)
        hurried.replace(name, content.encode())


def _read(repository: Repository, name: str) -> Outcome | None:
    try:
        content: dict[str, Any] = json.loads(repository.read(name))
        for time in ("succeeded", "failed"):
            if content[time] is not None:
                content[time] = datetime.fromisoformat(content[time]).astimezone(UTC)
        return Outcome(**content)
    except (RepositoryError, KeyError, TypeError, ValueError, RecursionError):
        return None
