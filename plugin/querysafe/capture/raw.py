"""What is kept while a query runs: references, nothing worked out."""

import traceback
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from querysafe.capture.call_site import CallSites, Stack
from querysafe.capture.orm import Cause, Mark
from querysafe.capture.requests import Scope
from querysafe.capture.stragglers import Stragglers
from querysafe.capture.windows import Window


class Raw(NamedTuple):
    """One statement as it passed by."""

    cursor_statement: str
    parameters: Any
    many: bool
    sets: int
    """How many parameter sets the execution had in all."""
    stack: Stack
    mark: Mark | None
    """That an ORM SELECT carries, its identity; ``None`` for any other statement."""
    cause: Cause | None
    """Why the ORM sent a SELECT that nobody wrote."""
    task: int
    """0 in the main thread, positive in a task of it, negative in another thread."""
    scope: Scope | None
    windows: tuple[Window, ...] | None
    flush: int
    transaction: int
    """The innermost transaction, savepoints included; 0 in autocommit."""
    connection: int
    """The connection of a statement in autocommit; 0 where a transaction tells it."""
    dialect: Any
    compiled: Any
    phase: str
    graphql: tuple[str, int]
    started: float
    duration: float
    rowcount: int
    error: str | None


class Recorder:
    """Collects what the listeners hear, for one test at a time.

    It is the same for every thread: a thread or task that a test starts belongs to it.
    """

    def __init__(self, sites: CallSites) -> None:
        self.sites = sites
        self.active = False
        self.phase = ""
        self.until: CodeType | None = None
        """The test's own function, beyond which no frame is the user's."""
        self.raws: list[Raw] = []
        self.eager: list[Any] = []
        """Eager loads that were asked for in this recording."""
        self.stragglers = Stragglers()
        self.problem = ""
        """The first failure of the recorder itself in this process, as text."""

    def fail(self, problem: Exception) -> None:
        """Note that a statement could not be recorded."""
        if not self.problem:
            told = traceback.extract_tb(problem.__traceback__)[-1]
            place = f"{Path(told.filename).name}:{told.lineno}"
            self.problem = f"{type(problem).__name__} at {place}: {problem}"

    def start(self) -> None:
        """Begin an empty recording."""
        self.sites.trim()
        self.raws = []
        self.eager = []
        self.active = True

    def heard(self, without: str = "") -> list[Raw]:
        """What was collected, but for one phase."""
        return [raw for raw in self.raws if raw.phase != without] if without else self.raws

    def stop(self) -> None:
        """Stop listening; what was heard stays until the next start."""
        self.active = False

    def forget(self) -> None:
        """Stop listening and drop what was heard."""
        self.active = False
        self.raws = []
        self.eager = []
