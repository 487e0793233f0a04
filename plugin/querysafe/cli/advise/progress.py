"""The progress of an advice on standard error, where a person watches."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Steps = Callable[[str, int], AbstractContextManager[Callable[[], None]]]


@contextmanager
def bars() -> Iterator[Steps]:
    """Give what draws one step; it draws nothing when standard error is no terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:

        @contextmanager
        def step(name: str, total: int) -> Iterator[Callable[[], None]]:
            task = progress.add_task(name, total=max(total, 1))
            yield lambda: progress.advance(task)
            progress.update(task, completed=max(total, 1))

        yield step
