"""Progress bars on standard error, where a person watches."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from querysafe.backup.steps import Step, Steps
from querysafe.cli.shell import settled


class _Bar(Step):
    def __init__(self, progress: Progress, task: TaskID, name: str) -> None:
        self._progress = progress
        self._task = task
        self._name = name

    def advance(self, amount: int) -> None:
        self._progress.advance(self._task, amount)

    def say(self, what: str) -> None:
        self._progress.update(self._task, description=f"{self._name}: {what}")


class Quiet(Steps):
    """Draws nothing."""

    def publish(self) -> None:
        """From now on no signal makes a failure of it: it would be listed all the same."""
        settled()


class Bars(Quiet):
    """Draws each step."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    @contextmanager
    def step(self, name: str, *, total: int | None = None) -> Iterator[Step]:
        """Draw one step."""
        task = self._progress.add_task(name, total=total)
        try:
            yield _Bar(self._progress, task, name)
        finally:
            done = self._progress.tasks[self._progress.task_ids.index(task)].completed
            self._progress.update(
                task, description=name, total=max(done, 1), completed=max(done, 1)
            )


@contextmanager
def bars() -> Iterator[Steps]:
    """The progress of one command."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Quiet()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield Bars(progress)
